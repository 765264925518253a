package io.repackd.cli;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import io.repackd.config.Configuration;
import io.repackd.config.ConfigurationLoader;
import io.repackd.config.WebSettings;
import io.repackd.maintenance.Amounts;
import io.repackd.platform.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code repackd status}: what the running daemon does. */
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    description = {
      "Says what the running daemon does: which repositories it maintains at the moment and how far"
          + " it has come, what it waits for, and what comes next.",
      "",
      "Asks it by HTTP, at the address in web.listen of the configuration."
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:the daemon has answered",
      "1:no daemon answers",
      "2:wrong options, or a mistake in the configuration"
    })
final class StatusCommand implements Callable<Integer> {
  private static final int PATIENCE_MILLIS = 5000;
  private static final int MAX_ANSWER_BYTES = 16 << 20;

  @Option(names = "--json", description = "Print the daemon's answer, a JSON object, as it is.")
  private boolean json;

  @Mixin private ConfigurationOptions options;

  /** Set by picocli. */
  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  StatusCommand() {
    this(new ConfigurationLoader());
  }

  StatusCommand(ConfigurationLoader loader) {
    this.options = new ConfigurationOptions(loader);
  }

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter errors = spec.commandLine().getErr();
    Optional<Configuration> configuration = options.read(errors);
    if (configuration.isEmpty()) {
      return ExitCode.USAGE;
    }
    WebSettings web = configuration.get().web();
    if (!web.enabled() || web.listen().getPort() == 0) {
      errors.println("cannot ask the daemon: web.listen is not an address to ask at");
      return ExitCode.USAGE;
    }
    String address = "http://" + text(web.listen());
    try {
      String answer = ask(URI.create(address + "/-/status"));
      if (json) {
        out.print(answer);
      } else {
        print(ConfigFactory.parseString(answer), out);
      }
      out.flush();
      return ExitCode.OK;
    } catch (IOException | ConfigException e) {
      errors.println("no daemon answers at %s: %s".formatted(address, Reason.of(e)));
      return ExitCode.SOFTWARE;
    }
  }

  private static String text(InetSocketAddress address) {
    String host =
        address.isUnresolved() || address.getAddress().isAnyLocalAddress()
            ? "localhost"
            : address.getAddress().getHostAddress();
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
  }

  private static String ask(URI address) throws IOException {
    if (!(address.toURL().openConnection() instanceof HttpURLConnection connection)) {
      throw new IOException("not an address of HTTP");
    }
    connection.setConnectTimeout(PATIENCE_MILLIS);
    connection.setReadTimeout(PATIENCE_MILLIS);
    try (InputStream in = connection.getInputStream()) {
      return new String(in.readNBytes(MAX_ANSWER_BYTES), StandardCharsets.UTF_8);
    } finally {
      connection.disconnect();
    }
  }

  private static void print(Config status, PrintWriter out) {
    out.println("repackd %s: %s".formatted(status.getString("version"), status.getString("state")));
    if (!status.hasPath("summary")) {
      return;
    }
    out.println(status.getString("summary"));
    if (status.getBoolean("paused")) {
      out.println(
          status.hasPath("paused_until")
              ? "paused until " + status.getString("paused_until")
              : "paused until `repackd resume`");
    }
    if (status.hasPath("waiting")) {
      out.println("waiting: " + status.getString("waiting"));
    }
    for (Config cycle : status.getConfigList("running")) {
      out.println("running: " + cycle.getString("repository") + progress(cycle));
    }
    Map<String, Object> next = new TreeMap<>(status.getObject("next_runs").unwrapped());
    next.forEach((repository, due) -> out.println("next: %s at %s".formatted(repository, due)));
  }

  private static String progress(Config cycle) {
    if (!cycle.hasPath("what")) {
      return "";
    }
    String percent = cycle.hasPath("percent") ? " " + cycle.getInt("percent") + "%" : "";
    String left =
        cycle.hasPath("seconds_left")
            ? ", %s left"
                .formatted(Amounts.duration(Duration.ofSeconds(cycle.getLong("seconds_left"))))
            : "";
    return ", %s%s (%d objects, %s)%s"
        .formatted(
            cycle.getString("what"),
            percent,
            cycle.getLong("objects"),
            Amounts.bytes(cycle.getLong("bytes")),
            left);
  }
}
