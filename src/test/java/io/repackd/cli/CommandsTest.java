package io.repackd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.config.ConfigurationLoader;
import io.repackd.config.Environment;
import io.repackd.config.HistorySettings;
import io.repackd.history.CycleHistory;
import io.repackd.history.CycleJson;
import io.repackd.maintenance.CycleOutcome;
import io.repackd.maintenance.Measurement;
import io.repackd.maintenance.Result;
import io.repackd.maintenance.Step;
import io.repackd.maintenance.StepOutcome;
import io.repackd.maintenance.StepOutcome.Work;
import io.repackd.objectdir.ObjectDirectoryException;
import io.repackd.objectdir.PackKind;
import io.repackd.objectdir.RepositoryLocation;
import io.repackd.registry.RepositoryLocator;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class CommandsTest {
  @TempDir Path temporary;
  private final StringWriter out = new StringWriter();
  private final StringWriter errors = new StringWriter();
  private Path root;
  private Path file;
  private ConfigurationLoader loader;

  @BeforeEach
  void start() throws IOException {
    root = temporary.toRealPath();
    file = root.resolve("repackd.conf");
    loader = new ConfigurationLoader(new Environment(Map.of(), root, false, root));
  }

  @Test
  void listShowsWhatIsRegisteredInAlignedColumns() throws IOException {
    repository("git/linux.git");
    repository("git/b.git");
    Files.createSymbolicLink(root.resolve("link"), root.resolve("git/b.git"));
    write(
        """
        repositories = [
          { path = "git/linux.git", schedule = "every 30m" }
          { path = "git/b.git", enabled = false }
          "link"
          "gone"
        ]
        """);

    assertThat(list()).isZero();
    assertThat(out.toString().replace(root.toString(), "/R"))
        .isEqualTo(
            """
            NAME   PATH%s              SCHEDULE   STATE
            linux  /R/git/linux.git  every 30m  enabled
            b      /R/git/b.git      hourly     disabled
                   /R/link
            -      /R/gone           hourly     failed
            """
                .formatted(" ".repeat(root.toString().length() - "/R".length())));
    assertThat(errors).hasToString(file + ":5: no repository: " + root.resolve("gone") + "\n");
  }

  @Test
  void listPrintsJsonLines() throws IOException {
    repository("a");
    write("repositories = [ a, gone ]");

    assertThat(list("--json")).isZero();
    assertThat(out.toString().replace(root.toString(), "/R").lines())
        .containsExactly(
            "{\"name\":\"a\",\"object_directory\":\"/R/a/objects\",\"other_paths\":[],"
                + "\"path\":\"/R/a\",\"schedule\":\"hourly\",\"state\":\"enabled\"}",
            "{\"origin\":\"/R/repackd.conf:1\",\"path\":\"/R/gone\",\"reason\":\"no repository:"
                + " /R/gone\",\"schedule\":\"hourly\",\"state\":\"failed\"}");
    assertThat(errors.toString()).isEmpty();
  }

  @Test
  void aRepositoryOnTheCommandLineReplacesTheUsualFileAndAddsToANamedOne() throws IOException {
    repository("a");
    repository("b");
    write("repositories = [ a ]\nschedule = weekly");
    String b = root.resolve("b").toString();

    assertThat(list("--repository", b)).isZero();
    assertThat(names()).containsExactly("b hourly");
    assertThat(list("--config", file.toString(), "--repository", b)).isZero();
    assertThat(names()).containsExactly("a weekly", "b weekly");
  }

  @Test
  void checkConfigPrintsEveryComplaint() throws IOException {
    write("jitter = 5\n\ncolour = red\n");

    assertThat(check()).isEqualTo(2);
    assertThat(errors)
        .hasToString(
            file
                + ":1: jitter: 5 has no unit; give a duration such as 5m\n"
                + file
                + ":3: colour: unknown key\n");
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void checkConfigOfAMissingFileIsAMistake() {
    assertThat(check("--config", "/nowhere/x.conf")).isEqualTo(2);
    assertThat(errors).hasToString("/nowhere/x.conf: no such file or directory\n");
  }

  @Test
  void checkConfigShowsWhatItComesToAndWarns() throws IOException {
    repository("a");
    write("repositories = [ { path = a, schedule = every 90m }, gone ]");

    assertThat(check()).isZero();
    assertThat(out.toString().replace(root.toString(), "/R"))
        .isEqualTo(
            "a: /R/a: enabled=true schedule=\"every 1h30m\" jitter=5m multi-pack-index.enabled=true"
                + " aggregate.enabled=true aggregate.interval=5m aggregate.min-packs=10"
                + " aggregate.min-loose=256 aggregate.min-age=1m aggregate.max-packs=1000"
                + " aggregate.max-loose=50000 aggregate.max-objects=2000000"
                + " aggregate.max-bytes=\"512 MiB\" aggregate.promisor=false expire.enabled=true"
                + " expire.min-age=1h expire.min-age-unseen=1d repack.enabled=true"
                + " repack.strategy=batch repack.batch-size=auto repack.min-age=5s"
                + " repack.delta-search=on safety.foreign-owner=refuse safety.disk-reserve=\"1"
                + " GiB\" safety.dead-lock-age=1h safety.unknown-lock-age=never\n");
    assertThat(errors)
        .hasToString("warning: " + file + ":1: no repository: " + root.resolve("gone") + "\n");
  }

  @Test
  void checkConfigWarnsWhenThereIsNothingToMaintain() {
    assertThat(check()).isZero();
    assertThat(errors)
        .hasToString("warning: no repositories are configured, so there is nothing to maintain\n");
  }

  @Test
  void historyShowsThePastNewestLast() throws IOException {
    repository("a");
    write("state-directory = state");
    CycleOutcome first = cycle("a", 1, Result.OK, CycleOutcome.NO_REASON, "");
    CycleOutcome second = cycle("a", 2, Result.SKIPPED, "locked", "held by\n1 on host");
    CycleOutcome third = cycle("b", 3, Result.FAILED, "disk", "no space");
    for (CycleOutcome cycle : List.of(first, second, third)) {
      new CycleHistory(root.resolve("state"), new HistorySettings(10)).append(cycle);
    }

    assertThat(history()).isZero();
    assertThat(out)
        .hasToString(
            """
            STARTED              REPOSITORY  RESULT            DURATION  PACKS   LOOSE    SIZE          WRITTEN  DETAIL
            2026-11-20 03:00:01  a           ok                1.5s      3 -> ?  40 -> ?  3.5 MiB -> ?  1.5 KiB
            2026-11-20 03:00:02  a           skipped (locked)  1.5s      3 -> ?  40 -> ?  3.5 MiB -> ?  1.5 KiB  held by?1 on host
            2026-11-20 03:00:03  b           failed (disk)     1.5s      3 -> ?  40 -> ?  3.5 MiB -> ?  1.5 KiB  no space
            """);

    assertThat(history("--json", "--repository", "b")).isZero();
    assertThat(out).hasToString(CycleJson.line(third) + "\n");

    assertThat(history("--json", "--repository", root.resolve("a").toString())).isZero();
    assertThat(out).hasToString(CycleJson.line(first) + "\n" + CycleJson.line(second) + "\n");
  }

  @Test
  void historyThatCannotBeReadIsAFailure() throws IOException {
    Files.createDirectories(root.resolve("state/history.jsonl"));
    write("state-directory = state");

    assertThat(history()).isEqualTo(1);
    assertThat(errors)
        .hasToString(
            "cannot read the history "
                + root.resolve("state/history.jsonl")
                + ": Is a directory\n");
  }

  @Test
  void aMistakeOnTheCommandLineHasItsOwnStatus() {
    assertThat(list("--jsn")).isEqualTo(2);
    assertThat(check("surplus")).isEqualTo(2);
    assertThat(history("--config")).isEqualTo(2);
  }

  @Test
  void everyCommandExplainsItselfAndItsStatus() {
    for (String command : List.of("list", "check-config", "history")) {
      StringWriter help = new StringWriter();
      CommandLine line =
          new CommandLine(
              CommandLine.Model.CommandSpec.forAnnotatedObject(
                  command.equals("list")
                      ? new ListCommand()
                      : command.equals("history")
                          ? new HistoryCommand()
                          : new CheckConfigCommand()));
      assertThat(line.setOut(new PrintWriter(help)).execute("--help")).isZero();
      assertThat(help.toString())
          .contains(
              "Usage: " + command, "--config=FILE", "--repository=", "Exit status:", "  2   ");
    }
  }

  private int list(String... arguments) {
    return run(new ListCommand(loader, locator()), arguments);
  }

  private int check(String... arguments) {
    return run(new CheckConfigCommand(loader, locator()), arguments);
  }

  private int history(String... arguments) {
    return run(new HistoryCommand(loader, locator(), ZoneOffset.UTC), arguments);
  }

  private int run(Object command, String... arguments) {
    out.getBuffer().setLength(0);
    errors.getBuffer().setLength(0);
    return new CommandLine(command)
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(errors))
        .execute(arguments);
  }

  private List<String> names() {
    return out.toString()
        .lines()
        .skip(1)
        .map(line -> line.replaceAll("^(\\S+) +\\S+ +(\\S+).*", "$1 $2"))
        .toList();
  }

  private void write(String content) throws IOException {
    Files.writeString(file, content);
  }

  private void repository(String path) throws IOException {
    Files.createDirectories(root.resolve(path).resolve("objects"));
  }

  private static RepositoryLocator locator() {
    return path -> {
      try {
        return new RepositoryLocation(
            path, Optional.of(path), path.resolve("objects").toRealPath());
      } catch (IOException e) {
        throw new ObjectDirectoryException("no repository: " + path, e);
      }
    };
  }

  private CycleOutcome cycle(
      String repository, int second, Result result, String reason, String detail) {
    Measurement before =
        new Measurement(
            Map.of(PackKind.ORDINARY, 2L, PackKind.KEPT, 1L),
            Map.of(PackKind.ORDINARY, 3L << 20, PackKind.KEPT, 1L << 19),
            40,
            0,
            0,
            0,
            0,
            0,
            Map.of(),
            Map.of(),
            Map.of());
    return new CycleOutcome(
        repository,
        root.resolve(repository).resolve("objects"),
        Instant.parse("2026-11-20T03:00:00Z").plusSeconds(second),
        Duration.ofMillis(1500),
        result,
        reason,
        detail,
        List.of(new StepOutcome(Step.WRITE, Result.OK, Duration.ZERO, new Work(0, 0, 0, 1536), "")),
        Optional.of(before),
        Optional.empty());
  }
}
