package io.repackd.cli;

import io.repackd.config.Configuration;
import io.repackd.config.ConfigurationException;
import io.repackd.config.ConfigurationLoader;
import io.repackd.history.CycleHistory;
import io.repackd.history.CycleJson;
import io.repackd.maintenance.Amounts;
import io.repackd.maintenance.CycleOutcome;
import io.repackd.maintenance.Measurement;
import io.repackd.objectdir.ObjectDirectoryException;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.registry.RepositoryLocator;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.LongFunction;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code repackd history}: what the cycles of the past did. */
@Command(
    name = "history",
    mixinStandardHelpOptions = true,
    description = {
      "Prints the cycles of the past, the newest last.",
      "",
      "PACKS is the number of packs before and after the cycle, LOOSE that of loose objects,"
          + " SIZE that of the bytes in packs; WRITTEN is what the cycle wrote. Packs that were"
          + " replaced stay for a later cycle, so the size grows before it shrinks. What was"
          + " bundled between cycles is in the log. Reads the history in the state directory;"
          + " needs no running daemon."
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:the history was printed; it may be empty",
      "1:it could not be read",
      "2:wrong options, or a mistake in the configuration"
    })
final class HistoryCommand implements Callable<Integer> {
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss");

  private static final double MILLIS_PER_SECOND = 1000;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "Take the state directory from this configuration.")
  private @Nullable Path config;

  @Option(
      names = "--repository",
      paramLabel = "NAME|PATH",
      description = "Only the cycles of this repository; can be given several times.")
  private List<String> repositories = List.of();

  @Option(
      names = "--json",
      description = "Print one JSON object for each cycle, one to a line, as the history has them.")
  private boolean json;

  /** Set by picocli. */
  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  private final ConfigurationLoader loader;
  private final RepositoryLocator locator;
  private final ZoneId zone;

  HistoryCommand() {
    this(new ConfigurationLoader(), RepositoryDiscovery::locate, ZoneId.systemDefault());
  }

  HistoryCommand(ConfigurationLoader loader, RepositoryLocator locator, ZoneId zone) {
    this.loader = loader;
    this.locator = locator;
    this.zone = zone;
  }

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter errors = spec.commandLine().getErr();
    try {
      Configuration configuration = config == null ? loader.load() : loader.load(config);
      Path directory = configuration.stateDirectory();
      print(new CycleHistory(directory, configuration.history()).cycles(), out);
      return ExitCode.OK;
    } catch (ConfigurationException e) {
      e.complaints().forEach(errors::println);
      return ExitCode.USAGE;
    } catch (IOException e) {
      errors.println(e.getMessage());
      return ExitCode.SOFTWARE;
    } finally {
      out.flush();
      errors.flush();
    }
  }

  private void print(List<CycleOutcome> cycles, PrintWriter out) {
    Set<Path> objectDirectories =
        repositories.stream()
            .flatMap(repository -> objectDirectory(repository).stream())
            .collect(Collectors.toSet());
    List<CycleOutcome> wanted =
        cycles.stream()
            .filter(cycle ->
                repositories.isEmpty()
                    || repositories.contains(cycle.repository())
                    || objectDirectories.contains(cycle.objectDirectory()))
            .toList();
    if (json) {
      wanted.forEach(cycle -> out.println(CycleJson.line(cycle)));
      return;
    }
    Table table =
        new Table(
            "STARTED",
            "REPOSITORY",
            "RESULT",
            "DURATION",
            "PACKS",
            "LOOSE",
            "SIZE",
            "WRITTEN",
            "DETAIL");
    for (CycleOutcome cycle : wanted) {
      table.add(
          TIME.format(cycle.started().atZone(zone)),
          cycle.repository(),
          result(cycle),
          seconds(cycle.duration()),
          change(cycle, Measurement::allPacks, Long::toString),
          change(cycle, Measurement::looseObjects, Long::toString),
          change(cycle, Measurement::allPackBytes, Amounts::bytes),
          Amounts.bytes(cycle.work().bytesWritten()),
          cycle.detail());
    }
    table.print(out);
  }

  /** The object directory that a text leads to as a path. One that is gone may still be asked for by its name. */
  private Optional<Path> objectDirectory(String repository) {
    try {
      return Optional.of(locator.locate(Path.of(repository).toAbsolutePath()).objectDirectory());
    } catch (ObjectDirectoryException | InvalidPathException e) {
      return Optional.empty();
    }
  }

  private static String result(CycleOutcome cycle) {
    String label = cycle.result().label();
    return cycle.reason().equals(CycleOutcome.NO_REASON)
        ? label
        : label + " (" + cycle.reason() + ")";
  }

  private static String change(
      CycleOutcome cycle, ToLongFunction<Measurement> number, LongFunction<String> text) {
    return Stream.of(cycle.before(), cycle.after())
        .map(measured -> measured.map(number::applyAsLong).map(text::apply).orElse("?"))
        .collect(Collectors.joining(" -> "));
  }

  private static String seconds(Duration duration) {
    return String.format(Locale.ROOT, "%.1fs", duration.toMillis() / MILLIS_PER_SECOND);
  }
}
