package io.repackd.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class SignalsTest {
  private static final long TEN_MINUTES_IN_MILLIS = 600_000;
  private static final long SHORT_IN_MILLIS = 300;

  @TempDir Path directory;

  private @Nullable Process daemon;

  @AfterEach
  void kill() throws InterruptedException {
    if (daemon != null) {
      daemon.destroyForcibly().waitFor();
    }
  }

  @Test
  void aSecondInterruptEndsADaemonThatWaitsForACycle() throws Exception {
    Process process = start(TEN_MINUTES_IN_MILLIS);
    signal(process, "INT");
    await().until(() -> errors().contains("stopping"));

    signal(process, "INT");

    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(130);
  }

  @Test
  void aSecondTermIsOfNoConsequence() throws Exception {
    Process process = start(SHORT_IN_MILLIS);
    signal(process, "TERM");
    signal(process, "TERM");

    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isZero();
  }

  @Test
  void aCycleThatDoesNotEndIsNamedAndLeftAndNeverInterrupted() throws Exception {
    Process process = start(SHORT_IN_MILLIS);
    signal(process, "TERM");

    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isZero();
    assertThat(errors()).contains("cycles did not end within 0 s: linux");
    assertThat(output()).isEqualTo("running\n");
  }

  private Process start(long drainMillis) throws IOException {
    Path configuration =
        Files.writeString(directory.resolve("repackd.conf"), "web.enabled = false\n");
    Process process =
        new ProcessBuilder(
                "env",
                "--default-signal", // a build in the background ignores some, and so would this
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                DeafDaemon.class.getName(),
                Long.toString(drainMillis),
                configuration.toString())
            .redirectOutput(directory.resolve("out").toFile())
            .redirectError(directory.resolve("err").toFile())
            .start();
    daemon = process;
    await().until(() -> output().contains("running"));
    return process;
  }

  private String output() throws IOException {
    return Files.readString(directory.resolve("out"));
  }

  private String errors() throws IOException {
    return Files.readString(directory.resolve("err"));
  }

  private static void signal(Process process, String name) throws Exception {
    new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
  }
}
