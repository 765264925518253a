package io.repackd.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The daemon as a process: signals, exit status, what it writes and whom it notifies. */
@Timeout(120)
class RunCommandTest {
  /** Binds the socket it is given and prints each datagram, its lines joined by commas. */
  private static final String RECEIVER =
      """
      import socket, sys
      receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
      receiver.bind(sys.argv[1])
      print('bound', flush=True)
      while True:
          print(receiver.recv(65536).decode().replace('\\n', ','), flush=True)
      """;

  @TempDir Path directory;

  private final List<Process> processes = new ArrayList<>();

  @AfterEach
  void kill() throws InterruptedException {
    for (Process process : processes) {
      process.destroyForcibly().waitFor(); // before what it writes into is deleted
    }
  }

  @Test
  void theServiceManagerIsToldOfStartReloadAndStop() throws Exception {
    Path told = receiver();
    Process daemon = run(configured("web.enabled = false"));
    await().until(() -> text(told).contains("READY=1,STATUS="));
    assertThat(text(told)).startsWith("bound\n");
    await().until(() -> text(told).contains("WATCHDOG=1"));

    signal(daemon, "HUP");
    await().until(() -> text(told).contains("RELOADING=1,MONOTONIC_USEC="));
    await()
        .until(() -> text(told).lines().filter(line -> line.startsWith("READY=1,")).count() == 2);

    signal(daemon, "TERM");
    assertThat(daemon.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(daemon.exitValue()).isZero();
    await().until(() -> text(told).contains("STOPPING=1,STATUS="));
  }

  @Test
  void anInterruptStopsItToo() throws Exception {
    Process daemon = run(configured("web.enabled = false"));
    awaitRunning();

    signal(daemon, "INT");

    assertThat(daemon.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(daemon.exitValue()).isZero();
    assertThat(standardError()).contains(" INFO  stopping\n").contains(" INFO  stopped\n");
  }

  @Test
  void whereNobodyReadsStandardErrorThereIsALogFile() throws Exception {
    Process daemon = run(configured("web.enabled = false"));
    awaitRunning();
    signal(daemon, "TERM");
    daemon.waitFor();

    assertThat(Files.readString(directory.resolve("state/log/repackd.log")))
        .contains(" INFO  repackd ")
        .endsWith(" INFO  stopped\n");
  }

  @Test
  void aBrokenConfigurationIsReportedLineByLineWithExitStatusTwo() throws Exception {
    Process daemon = run(configured("jittter = 1m\nmax-concurrent = 0"));

    assertThat(daemon.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(daemon.exitValue()).isEqualTo(2);
    assertThat(standardError().lines())
        .hasSize(2)
        .allMatch(line -> line.contains(" ERROR " + directory + "/repackd.conf:"));
  }

  @Test
  void helpIsOnStandardOutput() throws Exception {
    Process help = run("--help");

    assertThat(help.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(help.exitValue()).isZero();
    assertThat(Files.readString(directory.resolve("out")))
        .startsWith("Usage: repackd run")
        .contains("--config=FILE", "--repository=PATH", "SIGHUP");
    assertThat(standardError()).isEmpty();
  }

  private String[] configured(String text) throws IOException {
    Path file = directory.resolve("repackd.conf");
    Files.writeString(file, "state-directory = \"" + directory + "/state\"\n" + text + "\n");
    return new String[] {"--config", file.toString()};
  }

  private Process run(String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add("env");
    command.add("--default-signal"); // a build in the background ignores some, and so would this
    command.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-XX:+UseSerialGC");
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(Repackd.class.getName());
    command.add("run");
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectOutput(directory.resolve("out").toFile())
            .redirectError(directory.resolve("err").toFile());
    builder.environment().remove("JOURNAL_STREAM");
    builder.environment().put("NOTIFY_SOCKET", directory.resolve("notify").toString());
    builder.environment().put("WATCHDOG_USEC", "200000");
    Process process = builder.start();
    processes.add(process);
    return process;
  }

  private Path receiver() throws IOException {
    Path told = directory.resolve("told");
    ProcessBuilder python =
        new ProcessBuilder("python3", "-c", RECEIVER, directory.resolve("notify").toString())
            .redirectOutput(told.toFile());
    try {
      processes.add(python.start());
    } catch (IOException e) {
      assumeTrue(false, "python3 is not installed");
    }
    await().until(() -> text(told).contains("bound"));
    return told;
  }

  private void awaitRunning() {
    await().until(() -> standardError().contains(" runs\n"));
  }

  private String standardError() throws IOException {
    return text(directory.resolve("err"));
  }

  private static String text(Path file) throws IOException {
    return Files.readString(file, StandardCharsets.UTF_8);
  }

  private static void signal(Process process, String name) throws Exception {
    new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
  }
}
