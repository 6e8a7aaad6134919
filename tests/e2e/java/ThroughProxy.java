import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.config.DefaultDriverOption;
import com.datastax.oss.driver.api.core.config.DriverConfigLoader;
import com.datastax.oss.driver.api.core.cql.AsyncResultSet;
import com.datastax.oss.driver.api.core.cql.BatchStatement;
import com.datastax.oss.driver.api.core.cql.DefaultBatchType;
import com.datastax.oss.driver.api.core.cql.PreparedStatement;
import com.datastax.oss.driver.api.core.cql.ResultSet;
import com.datastax.oss.driver.api.core.cql.Row;
import com.datastax.oss.driver.api.core.cql.SimpleStatement;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** Uses the official Java driver against host, port and keyspace; prints what it saw as `name=value` lines, for a test to judge. */
public class ThroughProxy {
  public static void main(String[] arguments) throws Exception {
    String host = arguments[0];
    int port = Integer.parseInt(arguments[1]);
    String keyspace = arguments[2];
    DriverConfigLoader settings =
        DriverConfigLoader.programmaticBuilder().withInt(DefaultDriverOption.CONNECTION_MAX_REQUESTS, 32768).build();
    try (CqlSession session =
        CqlSession.builder().addContactPoint(new InetSocketAddress(host, port)).withLocalDatacenter("datacenter1").withConfigLoader(settings).build()) {
      System.out.println("protocol=" + session.getContext().getProtocolVersion());
      System.out.println("nodes=" + session.getMetadata().getNodes().size());
      session.execute("CREATE TABLE " + keyspace + ".j (k int PRIMARY KEY, v text, n int)");
      session.execute("USE " + keyspace);
      PreparedStatement insert = session.prepare("INSERT INTO j (k, v, n) VALUES (?, ?, ?)");
      PreparedStatement select = session.prepare("SELECT v, n FROM j WHERE k = ?");
      List<CompletionStage<AsyncResultSet>> pending = new ArrayList<>();
      for (int i = 0; i < 5000; i++) pending.add(session.executeAsync(insert.bind(i, "value " + i, i)));
      for (CompletionStage<AsyncResultSet> one : pending) one.toCompletableFuture().get();
      int wrong = 0;
      pending.clear();
      for (int i = 0; i < 5000; i++) pending.add(session.executeAsync(select.bind(i)));
      for (int i = 0; i < 5000; i++) {
        Row row = pending.get(i).toCompletableFuture().get().one();
        if (row == null || row.getInt("n") != i || !("value " + i).equals(row.getString("v"))) wrong++;
      }
      System.out.println("wrong=" + wrong);
      session.execute(BatchStatement.newInstance(DefaultBatchType.LOGGED, insert.bind(6000, "batch", 1), SimpleStatement.newInstance("INSERT INTO j (k) VALUES (6001)")));
      ResultSet paged = session.execute(SimpleStatement.newInstance("SELECT k FROM j").setPageSize(77));
      int rows = 0;
      for (Row ignored : paged) rows++;
      System.out.println("rows=" + rows);
      System.out.println("applied=" + session.execute("INSERT INTO j (k, n) VALUES (1, 1) IF NOT EXISTS").wasApplied());
      try {
        session.execute("SELECT * FROM nothere");
        System.out.println("error=none");
      } catch (Exception problem) {
        System.out.println("error=" + problem.getClass().getSimpleName());
      }
      session.execute("ALTER TABLE j ADD extra int");
      System.out.println("columns=" + session.refreshSchema().getKeyspace(keyspace).get().getTable("j").get().getColumns().size());
    }
  }
}
