package io.repackd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.config.ConfigurationLoader;
import io.repackd.config.Environment;
import io.repackd.config.WebSettings;
import io.repackd.metrics.Exposition;
import io.repackd.platform.Pause;
import io.repackd.platform.Progress;
import io.repackd.web.Health;
import io.repackd.web.WebServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

@Timeout(180)
class PauseAndStatusTest {
  private static final Instant NOON = Instant.parse("2026-11-20T12:00:00Z");

  @TempDir Path directory;

  private final StringWriter out = new StringWriter();
  private final StringWriter errors = new StringWriter();

  @BeforeEach
  void start() throws IOException {
    Files.writeString(directory.resolve("repackd.conf"), "state-directory = state\n");
  }

  private ConfigurationLoader loader() {
    return new ConfigurationLoader(new Environment(Map.of(), directory, false, directory));
  }

  private int run(Object command, String... arguments) {
    out.getBuffer().setLength(0);
    errors.getBuffer().setLength(0);
    return new CommandLine(command)
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(errors))
        .execute(arguments);
  }

  private int pause(String... arguments) {
    return run(new PauseCommand(loader(), Clock.fixed(NOON, ZoneOffset.UTC)), arguments);
  }

  private Optional<Pause.InForce> inForce() throws IOException {
    return new Pause(directory.resolve("state")).inForce(NOON);
  }

  @Test
  void aPauseIsBegunAndEnded() throws IOException {
    assertThat(pause("1h30m")).isZero();
    assertThat(inForce())
        .contains(new Pause.InForce(Optional.of(NOON.plus(Duration.ofMinutes(90)))));
    assertThat(pause()).isZero();
    assertThat(inForce()).contains(new Pause.InForce(Optional.empty()));
    assertThat(run(new ResumeCommand(loader()))).isZero();
    assertThat(inForce()).isEmpty();
    assertThat(errors.toString()).isEmpty();
    assertThat(run(new ResumeCommand(loader()))).isZero();
    assertThat(errors).hasToString("there was no pause\n");
  }

  @Test
  void aDurationNeedsAUnit() throws IOException {
    assertThat(pause("2")).isEqualTo(2);
    assertThat(errors.toString()).contains("2 has no unit");
    assertThat(inForce()).isEmpty();
  }

  @Test
  void whereTheStateCannotBeWrittenItFails() throws IOException {
    Files.writeString(directory.resolve("state"), "a file");
    assertThat(pause()).isEqualTo(1);
    assertThat(errors.toString()).startsWith("cannot write " + directory + "/state/pause: ");
  }

  private int status(String answer, String... arguments) throws IOException {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    WebServer server =
        new WebServer(new Exposition(), () -> new Health(true, true, "running"), () -> answer);
    try {
      server.listen(new WebSettings(true, any));
      int port = server.address().orElseThrow().getPort();
      Files.writeString(
          directory.resolve("repackd.conf"), "web.listen = \"127.0.0.1:" + port + "\"\n");
      return run(new StatusCommand(loader()), arguments);
    } finally {
      server.stop();
    }
  }

  private static final String ANSWER =
      "{\"version\":\"1.0\",\"state\":\"running\",\"summary\":\"2 repositories\","
          + "\"paused\":true,\"paused_until\":\"2026-11-20T13:00:00Z\","
          + "\"waiting\":\"paused\",\"running\":["
          + "{\"repository\":\"git.git\"},"
          + "{\"repository\":\"linux\",\"what\":\"searching deltas\",\"objects\":51800,"
          + "\"all_objects\":123456,\"bytes\":45088768,\"all_bytes\":0,"
          + "\"elapsed_seconds\":120.0,\"percent\":42,\"seconds_left\":165}],"
          + "\"next_runs\":{\"a.git\":\"2026-11-20T14:00:00Z\"},\"throttled_seconds\":{}}\n";

  @Test
  void theStatusIsPrintedForAPerson() throws IOException {
    assertThat(status(ANSWER)).isZero();
    assertThat(out)
        .hasToString(
            """
            repackd 1.0: running
            2 repositories
            paused until 2026-11-20T13:00:00Z
            waiting: paused
            running: git.git
            running: linux, searching deltas 42% (51800 objects, 43.0 MiB), 2 min 45 s left
            next: a.git at 2026-11-20T14:00:00Z
            """);
  }

  @Test
  void theStatusIsPrintedAsItCame() throws IOException {
    assertThat(status(ANSWER, "--json")).isZero();
    assertThat(out).hasToString(ANSWER);
  }

  @Test
  void aDaemonThatStartsHasLittleToSay() throws IOException {
    assertThat(status("{\"version\":\"1.0\",\"state\":\"starting\"}\n")).isZero();
    assertThat(out).hasToString("repackd 1.0: starting\n");
  }

  @Test
  void whatIsNoDaemonIsNotTakenForOne() throws IOException {
    assertThat(status("<html>hello</html>")).isEqualTo(1);
    assertThat(errors.toString()).startsWith("no daemon answers at http://127.0.0.1:");
  }

  @Test
  void whereNobodyListensItFails() throws IOException {
    status(ANSWER);
    assertThat(run(new StatusCommand(loader()))).isEqualTo(1);
    assertThat(errors.toString()).startsWith("no daemon answers at http://127.0.0.1:");
  }

  @Test
  void theyExplainThemselves() {
    for (Object command : List.of(new PauseCommand(), new ResumeCommand(), new StatusCommand())) {
      assertThat(run(command, "--help")).isZero();
      assertThat(out.toString()).contains("--config=FILE", "Exit status:");
    }
  }

  @Test
  void progressIsOneLine() {
    assertThat(
            ProgressLine.line(
                new Progress.Seen("writing", 50, 100, 500, 1000, Duration.ofSeconds(30))))
        .isEqualTo("writing: 50% (50/100), 500 B, 30 s left");
    assertThat(ProgressLine.line(new Progress.Seen("reading", 7, 0, 0, 0, Duration.ZERO)))
        .isEqualTo("reading: (7)");
  }

  @Test
  void nothingIsWrittenWhereNothingIsUnderWay() {
    ByteArrayOutputStream terminal = new ByteArrayOutputStream();
    try (ProgressLine line =
        new ProgressLine(new Progress(), new PrintStream(terminal, true, StandardCharsets.UTF_8))) {
      assertThat(line).isNotNull();
    }
    assertThat(terminal.size()).isZero();
  }
}
