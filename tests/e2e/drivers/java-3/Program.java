import com.datastax.driver.core.BatchStatement;
import com.datastax.driver.core.Cluster;
import com.datastax.driver.core.TableMetadata;
import com.datastax.driver.core.Host;
import com.datastax.driver.core.HostDistance;
import com.datastax.driver.core.PagingState;
import com.datastax.driver.core.PoolingOptions;
import com.datastax.driver.core.PreparedStatement;
import com.datastax.driver.core.ProtocolOptions;
import com.datastax.driver.core.ProtocolVersion;
import com.datastax.driver.core.QueryOptions;
import com.datastax.driver.core.ResultSet;
import com.datastax.driver.core.ResultSetFuture;
import com.datastax.driver.core.Row;
import com.datastax.driver.core.ServerSideTimestampGenerator;
import com.datastax.driver.core.Session;
import com.datastax.driver.core.SimpleStatement;
import com.datastax.driver.core.SocketOptions;
import com.datastax.driver.core.Statement;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;

/** Driver program of the Java driver 3. Commands: ../README.md. */
public class Program {
  private static final ObjectMapper json = new ObjectMapper();
  private static final Map<Integer, Session> sessions = new ConcurrentHashMap<>();
  private static final Map<Integer, PreparedStatement> prepared = new ConcurrentHashMap<>();

  public static void main(String[] arguments) throws Exception {
    ExecutorService pool = Executors.newCachedThreadPool();
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      JsonNode command = json.readTree(line);
      pool.submit(() -> answer(command));
    }
    for (Session session : sessions.values()) session.getCluster().close();
    System.exit(0);
  }

  private static void answer(JsonNode command) {
    Map<String, Object> said;
    try {
      said = carryOut(command);
    } catch (Throwable problem) {
      said = Map.of("error", Map.of("class", problem.getClass().getSimpleName(), "message", String.valueOf(problem.getMessage())));
    }
    Map<String, Object> whole = new HashMap<>(said);
    whole.put("id", command.get("id").asInt());
    synchronized (System.out) {
      try {
        System.out.println(json.writeValueAsString(whole));
      } catch (Exception problem) {
        problem.printStackTrace();
        System.exit(1);
      }
    }
  }

  private static Map<String, Object> carryOut(JsonNode command) throws Exception {
    int number = command.get("session").asInt();
    Session session = sessions.get(number);
    switch (command.get("do").asText()) {
      case "connect":
        session = connect(command);
        sessions.put(number, session);
        List<String> nodes = new ArrayList<>();
        for (Host host : session.getCluster().getMetadata().getAllHosts()) nodes.add(host.getEndPoint().resolve().getAddress().getHostAddress());
        return Map.of("protocol", session.getCluster().getConfiguration().getProtocolOptions().getProtocolVersion().toInt(), "nodes", nodes);
      case "prepare":
        prepared.put(command.get("id").asInt(), session.prepare(command.get("text").asText()));
        return Map.of("prepared", command.get("id").asInt());
      case "execute":
        return execute(session, command);
      case "batch":
        BatchStatement batch = new BatchStatement();
        for (JsonNode one : command.get("statements")) batch.add(statement(one));
        session.execute(batch);
        return Map.of();
      case "many":
        return many(session, command);
      case "page":
        return page(session, command);
      case "set_keyspace":
        session.execute("USE " + command.get("keyspace").asText());
        return Map.of();
      case "columns":
        List<String> columns = new ArrayList<>();
        TableMetadata table = session.getCluster().getMetadata().getKeyspace(command.get("keyspace").asText()).getTable(command.get("table").asText());
        if (table != null) table.getColumns().forEach(column -> columns.add(column.getName()));
        return Map.of("columns", columns);
      case "close":
        sessions.remove(number).getCluster().close();
        return Map.of();
      default:
        throw new IllegalArgumentException("no such command: " + command);
    }
  }

  private static Session connect(JsonNode command) {
    Cluster.Builder builder =
        Cluster.builder()
            .withoutJMXReporting()
            .addContactPoint(command.get("host").asText())
            .withPort(command.get("port").asInt())
            .withSocketOptions(new SocketOptions().setReadTimeoutMillis(20000)); // a busy machine is no failure
    if (command.has("version")) builder.withProtocolVersion(ProtocolVersion.fromInt(command.get("version").asInt()));
    if (command.has("compression")) builder.withCompression(ProtocolOptions.Compression.valueOf(command.get("compression").asText().toUpperCase()));
    if (command.has("in_flight")) builder.withPoolingOptions(new PoolingOptions().setMaxRequestsPerConnection(HostDistance.LOCAL, command.get("in_flight").asInt()));
    if (command.has("client_timestamps")) builder.withTimestampGenerator(ServerSideTimestampGenerator.INSTANCE);
    if (command.has("reprepare")) builder.withQueryOptions(new QueryOptions().setReprepareOnUp(command.get("reprepare").asBoolean()));
    if (command.has("username")) builder.withCredentials(command.get("username").asText(), command.get("password").asText());
    Cluster cluster = builder.build();
    try {
      return command.has("keyspace") ? cluster.connect(command.get("keyspace").asText()) : cluster.connect();
    } catch (RuntimeException problem) {
      cluster.close();
      throw problem;
    }
  }

  private static Object[] values(JsonNode from) {
    List<Object> values = new ArrayList<>();
    for (JsonNode one : from) values.add(one.isNull() ? null : one.isInt() ? (Object) one.asInt() : one.asText());
    return values.toArray();
  }

  private static Statement statement(JsonNode from) {
    if (from.has("prepared")) return prepared.get(from.get("prepared").asInt()).bind(values(from.get("values")));
    return new SimpleStatement(from.get("text").asText(), values(from.get("values")));
  }

  private static List<Object> row(Row from) {
    List<Object> row = new ArrayList<>();
    for (int i = 0; i < from.getColumnDefinitions().size(); i++) row.add(from.getObject(i));
    return row;
  }

  private static Map<String, Object> execute(Session session, JsonNode command) {
    ResultSet result = session.execute(statement(command));
    Map<String, Object> answer = new HashMap<>();
    List<String> columns = new ArrayList<>();
    result.getColumnDefinitions().forEach(column -> columns.add(column.getName()));
    answer.put("columns", columns);
    answer.put("applied", columns.contains("[applied]") ? result.wasApplied() : null);
    List<Object> rows = new ArrayList<>();
    for (Row one : result) rows.add(row(one));
    answer.put("rows", rows);
    return answer;
  }

  private static Map<String, Object> many(Session session, JsonNode command) throws Exception {
    PreparedStatement insert = prepared.get(command.get("prepared").asInt());
    Semaphore room = new Semaphore(command.get("in_flight").asInt());
    List<ResultSetFuture> pending = new ArrayList<>();
    for (JsonNode one : command.get("values")) {
      room.acquire();
      ResultSetFuture future = session.executeAsync(insert.bind(values(one)));
      future.addListener(room::release, Runnable::run);
      pending.add(future);
    }
    List<Object> first = new ArrayList<>();
    for (ResultSetFuture one : pending) {
      Row found = one.getUninterruptibly().one();
      first.add(found == null ? null : row(found));
    }
    return Map.of("first", first);
  }

  private static Map<String, Object> page(Session session, JsonNode command) {
    Statement statement = statement(command).setFetchSize(command.get("size").asInt());
    if (!command.get("state").isNull()) statement.setPagingState(PagingState.fromString(command.get("state").asText()));
    ResultSet result = session.execute(statement);
    List<Object> rows = new ArrayList<>();
    for (int left = result.getAvailableWithoutFetching(); left > 0; left--) rows.add(row(result.one()));
    PagingState state = result.getExecutionInfo().getPagingState();
    Map<String, Object> answer = new HashMap<>();
    answer.put("rows", rows);
    answer.put("state", state == null ? null : state.toString());
    return answer;
  }
}
