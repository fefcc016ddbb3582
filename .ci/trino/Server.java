import io.trino.plugin.hive.HivePlugin;
import io.trino.testing.MaterializedResult;
import io.trino.testing.MaterializedRow;
import io.trino.testing.QueryRunner;
import io.trino.testing.StandaloneQueryRunner;
import io.trino.testing.TestingSession;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * A Trino server with the Hive connector over a folder: local:///x is x in it. It runs each line of standard input, a
 * statement, and answers on standard output with a line for each row, whose values are separated by a tab and NULL is \N,
 * and with the line "ok", or the line "error " and the message.
 */
public class Server {
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        System.setOut(System.err);
        try (QueryRunner trino = new StandaloneQueryRunner(TestingSession.testSessionBuilder().setCatalog("hive").setSchema("billwalk").build())) {
            trino.installPlugin(new HivePlugin());
            trino.createCatalog("hive", "hive", Map.of(
                    "hive.metastore", "file",
                    "hive.metastore.catalog.dir", "local:///metastore",
                    "fs.local.enabled", "true",
                    "local.location", args[0],
                    "hive.partition-projection-enabled", "true",
                    "hive.ignore-absent-partitions", "true",
                    "hive.table-statistics-enabled", "false")); // a file metastore has none of projected partitions
            trino.execute("CREATE SCHEMA hive.billwalk");
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String statement = in.readLine(); statement != null; statement = in.readLine()) {
                try {
                    MaterializedResult result = trino.execute(statement);
                    for (MaterializedRow row : result.getMaterializedRows()) {
                        out.println(row.getFields().stream().map(v -> escape(v)).collect(Collectors.joining("\t")));
                    }
                    out.println("ok");
                } catch (RuntimeException e) {
                    out.println("error " + escape(e.getMessage()));
                }
                out.flush();
            }
        }
        System.exit(0); // threads of the test kit stay
    }

    private static String escape(Object value) {
        if (value == null) {
            return "\\N";
        }
        return Objects.toString(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r");
    }
}
