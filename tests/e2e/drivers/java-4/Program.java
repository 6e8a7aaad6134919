import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.CqlSessionBuilder;
import com.datastax.oss.driver.api.core.DefaultConsistencyLevel;
import com.datastax.oss.driver.api.core.config.DefaultDriverOption;
import com.datastax.oss.driver.api.core.config.DriverConfigLoader;
import com.datastax.oss.driver.api.core.config.ProgrammaticDriverConfigLoaderBuilder;
import com.datastax.oss.driver.api.core.cql.AsyncResultSet;
import com.datastax.oss.driver.api.core.cql.BatchStatement;
import com.datastax.oss.driver.api.core.cql.BatchStatementBuilder;
import com.datastax.oss.driver.api.core.cql.BatchableStatement;
import com.datastax.oss.driver.api.core.cql.DefaultBatchType;
import com.datastax.oss.driver.api.core.cql.PreparedStatement;
import com.datastax.oss.driver.api.core.cql.ResultSet;
import com.datastax.oss.driver.api.core.cql.Row;
import com.datastax.oss.driver.api.core.cql.SimpleStatement;
import com.datastax.oss.driver.api.core.metadata.Node;
import com.datastax.oss.driver.internal.core.time.ServerSideTimestampGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;

/** Driver program of the Java driver 4. Commands: ../README.md. */
public class Program {
  private static final ObjectMapper json = new ObjectMapper();
  private static final Map<Integer, CqlSession> sessions = new ConcurrentHashMap<>();
  private static final Map<Integer, PreparedStatement> prepared = new ConcurrentHashMap<>();

  public static void main(String[] arguments) throws Exception {
    ExecutorService pool = Executors.newCachedThreadPool();
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      JsonNode command = json.readTree(line);
      pool.submit(() -> answer(command));
    }
    sessions.values().forEach(CqlSession::close);
    System.exit(0);
  }

  private static void answer(JsonNode command) {
    Map<String, Object> said;
    try {
      said = carryOut(command);
    } catch (Throwable problem) {
      Throwable cause = problem instanceof CompletionException ? problem.getCause() : problem;
      said = Map.of("error", Map.of("class", cause.getClass().getSimpleName(), "message", String.valueOf(cause.getMessage())));
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
    CqlSession session = sessions.get(number);
    switch (command.get("do").asText()) {
      case "connect":
        session = connect(command);
        sessions.put(number, session);
        List<String> nodes = new ArrayList<>();
        for (Node node : session.getMetadata().getNodes().values()) nodes.add(address(node));
        return Map.of("protocol", session.getContext().getProtocolVersion().getCode(), "nodes", nodes);
      case "prepare":
        prepared.put(command.get("id").asInt(), session.prepare(command.get("text").asText()));
        return Map.of("prepared", command.get("id").asInt());
      case "execute":
        return execute(session, command);
      case "batch":
        BatchStatementBuilder batch = BatchStatement.builder(DefaultBatchType.LOGGED);
        for (JsonNode one : command.get("statements")) batch.addStatement(statement(one));
        session.execute(batch.build());
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
        session.getMetadata().getKeyspace(command.get("keyspace").asText()).flatMap(found -> found.getTable(command.get("table").asText()))
            .ifPresent(table -> table.getColumns().values().forEach(column -> columns.add(column.getName().asInternal())));
        return Map.of("columns", columns);
      case "close":
        sessions.remove(number).close();
        return Map.of();
      default:
        throw new IllegalArgumentException("no such command: " + command);
    }
  }

  /** As the cluster says it, and not that of what stands in front of it. */
  private static String address(Node node) {
    return node.getBroadcastRpcAddress().orElseGet(() -> (InetSocketAddress) node.getEndPoint().resolve()).getAddress().getHostAddress();
  }

  private static CqlSession connect(JsonNode command) {
    // A busy machine is no failure: longer than the default 2 s. And close() need not be quiet for 2 s first.
    ProgrammaticDriverConfigLoaderBuilder settings =
        DriverConfigLoader.programmaticBuilder()
            .withDuration(DefaultDriverOption.REQUEST_TIMEOUT, Duration.ofSeconds(20))
            .withDuration(DefaultDriverOption.CONNECTION_INIT_QUERY_TIMEOUT, Duration.ofSeconds(20))
            .withInt(DefaultDriverOption.NETTY_IO_SHUTDOWN_QUIET_PERIOD, 0)
            .withInt(DefaultDriverOption.NETTY_ADMIN_SHUTDOWN_QUIET_PERIOD, 0);
    if (command.has("version")) settings.withString(DefaultDriverOption.PROTOCOL_VERSION, "V" + command.get("version").asInt());
    if (command.has("compression")) settings.withString(DefaultDriverOption.PROTOCOL_COMPRESSION, command.get("compression").asText());
    if (command.has("in_flight")) settings.withInt(DefaultDriverOption.CONNECTION_MAX_REQUESTS, command.get("in_flight").asInt());
    if (command.has("client_timestamps")) settings.withClass(DefaultDriverOption.TIMESTAMP_GENERATOR_CLASS, ServerSideTimestampGenerator.class);
    if (command.has("reprepare")) settings.withBoolean(DefaultDriverOption.REPREPARE_ENABLED, command.get("reprepare").asBoolean());
    if (command.has("remote_nodes")) {
      settings.withInt(DefaultDriverOption.LOAD_BALANCING_DC_FAILOVER_MAX_NODES_PER_REMOTE_DC, command.get("remote_nodes").asInt());
      settings.withBoolean(DefaultDriverOption.LOAD_BALANCING_DC_FAILOVER_ALLOW_FOR_LOCAL_CONSISTENCY_LEVELS, true);
    }
    CqlSessionBuilder builder = CqlSession.builder().withConfigLoader(settings.build());
    if (command.has("bundle")) {
      builder.withCloudSecureConnectBundle(Path.of(command.get("bundle").asText()));
    } else {
      builder.addContactPoint(new InetSocketAddress(command.get("host").asText(), command.get("port").asInt())).withLocalDatacenter("datacenter1");
    }
    if (command.has("username")) builder.withAuthCredentials(command.get("username").asText(), command.get("password").asText());
    if (command.has("keyspace")) builder.withKeyspace(command.get("keyspace").asText());
    return builder.build();
  }

  private static Object[] values(JsonNode from) {
    List<Object> values = new ArrayList<>();
    for (JsonNode one : from) values.add(one.isNull() ? null : one.isInt() ? (Object) one.asInt() : one.asText());
    return values.toArray();
  }

  private static BatchableStatement<?> statement(JsonNode from) {
    if (from.has("prepared")) return prepared.get(from.get("prepared").asInt()).bind(values(from.get("values")));
    return SimpleStatement.newInstance(from.get("text").asText(), values(from.get("values")));
  }

  private static List<Object> row(Row from) {
    List<Object> row = new ArrayList<>();
    for (int i = 0; i < from.getColumnDefinitions().size(); i++) row.add(from.getObject(i));
    return row;
  }

  private static Map<String, Object> execute(CqlSession session, JsonNode command) {
    BatchableStatement<?> statement = statement(command);
    if (command.has("consistency")) statement = statement.setConsistencyLevel(DefaultConsistencyLevel.valueOf(command.get("consistency").asText()));
    ResultSet result = session.execute(statement);
    Map<String, Object> answer = new HashMap<>();
    List<String> columns = new ArrayList<>();
    result.getColumnDefinitions().forEach(column -> columns.add(column.getName().asInternal()));
    answer.put("columns", columns);
    answer.put("applied", columns.contains("[applied]") ? result.wasApplied() : null);
    List<Object> rows = new ArrayList<>();
    for (Row one : result) rows.add(row(one));
    answer.put("rows", rows);
    return answer;
  }

  private static Map<String, Object> many(CqlSession session, JsonNode command) throws Exception {
    PreparedStatement insert = prepared.get(command.get("prepared").asInt());
    Semaphore room = new Semaphore(command.get("in_flight").asInt());
    List<CompletionStage<AsyncResultSet>> pending = new ArrayList<>();
    for (JsonNode one : command.get("values")) {
      room.acquire();
      CompletionStage<AsyncResultSet> stage = session.executeAsync(insert.bind(values(one)));
      stage.whenComplete((result, problem) -> room.release());
      pending.add(stage);
    }
    List<Object> first = new ArrayList<>();
    for (CompletionStage<AsyncResultSet> one : pending) {
      Row found = one.toCompletableFuture().join().one();
      first.add(found == null ? null : row(found));
    }
    return Map.of("first", first);
  }

  private static Map<String, Object> page(CqlSession session, JsonNode command) {
    var statement = statement(command).setPageSize(command.get("size").asInt());
    if (!command.get("state").isNull()) statement = statement.setPagingState(ByteBuffer.wrap(Base64.getDecoder().decode(command.get("state").asText())));
    ResultSet result = session.execute(statement);
    List<Object> rows = new ArrayList<>();
    for (int left = result.getAvailableWithoutFetching(); left > 0; left--) rows.add(row(result.one()));
    ByteBuffer state = result.getExecutionInfo().getPagingState();
    byte[] bytes = new byte[state == null ? 0 : state.remaining()];
    if (state != null) state.duplicate().get(bytes);
    Map<String, Object> answer = new HashMap<>();
    answer.put("rows", rows);
    answer.put("state", state == null ? null : Base64.getEncoder().encodeToString(bytes));
    return answer;
  }
}
