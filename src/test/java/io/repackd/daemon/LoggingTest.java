package io.repackd.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import io.repackd.config.LogSettings;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoggingTest {
  @TempDir Path directory;

  private final LoggerContext context = new LoggerContext();
  private final Logger log = context.getLogger("io.repackd.Test");

  private final PrintStream standardError = System.err;
  private final ByteArrayOutputStream captured = new ByteArrayOutputStream();

  @BeforeEach
  void open() {
    System.setErr(new PrintStream(captured, true, StandardCharsets.UTF_8));
    context.setMDCAdapter(new LogbackMDCAdapter());
    context.start();
  }

  @AfterEach
  void close() {
    context.stop();
    System.setErr(standardError);
  }

  @Test
  void whereNobodyIsKnownToReadStandardErrorThereIsAFile() throws IOException {
    Path logs = directory.resolve("state/log");
    logging(LogTarget.UNKNOWN, settings(logs, LogSettings.Level.INFO, 1 << 20, 3));

    log.info("cycle ok");
    log.debug("step recover ok");

    assertThat(lines(logs.resolve("repackd.log")))
        .singleElement()
        .asString()
        .endsWith(" INFO  cycle ok");
  }

  @Test
  void underSystemdAndOnATerminalThereIsNone() {
    logging(LogTarget.JOURNAL, settings(directory, LogSettings.Level.INFO, 1 << 20, 3));
    logging(LogTarget.TERMINAL, settings(directory, LogSettings.Level.INFO, 1 << 20, 3));

    log.error("x");

    assertThat(captured.toString(StandardCharsets.UTF_8)).endsWith(" ERROR x\n");
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void aFullFileIsClosedAndOnlySoManyAreKept() throws IOException {
    Path odd = directory.resolve("100%i (full)");
    logging(LogTarget.UNKNOWN, settings(odd, LogSettings.Level.INFO, 64 * 1024, 2));

    String line = "x".repeat(1000);
    for (int i = 0; i < 400; i++) {
      log.info("{} {}", i, line);
    }

    try (var files = Files.list(odd)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("repackd.log", "repackd.log.1", "repackd.log.2");
    }
    assertThat(lines(odd.resolve("repackd.log")).getLast()).contains(" 399 ");
    for (String closed : List.of("repackd.log.1", "repackd.log.2")) {
      assertThat(Files.size(odd.resolve(closed))).isBetween(60L * 1024, 70L * 1024);
    }
  }

  @Test
  void theLevelFollowsTheSettings() throws IOException {
    Logging logging =
        logging(LogTarget.UNKNOWN, settings(directory, LogSettings.Level.DEBUG, 1 << 20, 3));
    log.debug("one");
    logging.apply(settings(directory, LogSettings.Level.ERROR, 1 << 20, 3));
    log.warn("two");
    log.error("three");
    logging.apply(settings(directory, LogSettings.Level.INFO, 1 << 20, 3));
    log.info("four");

    assertThat(
            lines(directory.resolve("repackd.log")).stream()
                .map(line -> line.substring(line.lastIndexOf(' ') + 1)))
        .containsExactly("one", "three", "four");
  }

  @Test
  void librariesAreHeardFromAWarningOn() throws IOException {
    logging(LogTarget.UNKNOWN, settings(directory, LogSettings.Level.DEBUG, 1 << 20, 3));

    context.getLogger("org.quartz").info("a lot");
    context.getLogger("org.quartz").warn("a little");

    assertThat(lines(directory.resolve("repackd.log")))
        .singleElement()
        .asString()
        .endsWith("WARN  a little");
  }

  @Test
  void aDirectoryThatCannotBeWrittenIsNoReasonToStop() throws IOException {
    Path file = Files.createFile(directory.resolve("file"));

    logging(LogTarget.UNKNOWN, settings(file.resolve("log"), LogSettings.Level.INFO, 1 << 20, 3));

    log.info("still here");
    assertThat(captured.toString(StandardCharsets.UTF_8).lines())
        .satisfiesExactly(
            line -> assertThat(line).contains("WARN  cannot log to a file in " + file + "/log: "),
            line -> assertThat(line).endsWith(" INFO  still here"));
    assertThat(file).isEmptyFile();
  }

  private Logging logging(LogTarget target, LogSettings settings) {
    Logging logging = new Logging(context, target);
    logging.apply(settings);
    return logging;
  }

  private static LogSettings settings(
      Path directory, LogSettings.Level level, long maxFileBytes, int maxFiles) {
    return new LogSettings(level, directory, maxFileBytes, maxFiles);
  }

  private static List<String> lines(Path file) throws IOException {
    return Files.readAllLines(file);
  }
}
