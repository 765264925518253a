package io.repackd.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
class ServiceNotificationTest {
  /** Binds the socket it is given, says so, and prints each datagram in hexadecimal digits on a line. */
  private static final String RECEIVER =
      """
      import socket, sys
      receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
      name = sys.argv[1]
      receiver.bind('\\0' + name[1:] if name.startswith('@') else name)
      print('bound', flush=True)
      while True:
          print(receiver.recv(65536).hex(), flush=True)
      """;

  private static final long OUR_ID = 4711;

  @TempDir Path directory;

  @Test
  void everyNotificationArrivesByteForByte() throws IOException {
    String socket = directory.resolve("notify").toString();
    try (Receiver receiver = Receiver.bind(socket)) {
      ServiceNotification notification = notification("NOTIFY_SOCKET", socket);

      notification.ready("maintaining 3 repositories");
      assertThat(receiver.next()).isEqualTo("READY=1\nSTATUS=maintaining 3 repositories");
      notification.status("zwölf\nrepositories");
      assertThat(receiver.next()).isEqualTo("STATUS=zwölf repositories");
      notification.alive();
      assertThat(receiver.next()).isEqualTo("WATCHDOG=1");
      notification.stopping("waiting for 2 cycles");
      assertThat(receiver.next()).isEqualTo("STOPPING=1\nSTATUS=waiting for 2 cycles");
    }
  }

  @Test
  void aReloadCarriesTheMonotonicClock() throws IOException {
    String socket = directory.resolve("notify").toString();
    try (Receiver receiver = Receiver.bind(socket)) {
      double before = monotonicSeconds();
      notification("NOTIFY_SOCKET", socket).reloading();
      String message = receiver.next();
      double after = monotonicSeconds();

      String prefix = "RELOADING=1\nMONOTONIC_USEC=";
      assertThat(message).startsWith(prefix);
      assertThat(Long.parseLong(message.substring(prefix.length())) / 1e6).isBetween(before, after);
    }
  }

  @Test
  void anAbstractSocketIsReached() throws IOException {
    String socket = "@repackd-test-" + ProcessHandle.current().pid() + "-" + System.nanoTime();
    try (Receiver receiver = Receiver.bind(socket)) {
      notification("NOTIFY_SOCKET", socket).alive();

      assertThat(receiver.next()).isEqualTo("WATCHDOG=1");
    }
  }

  @Test
  void whereNobodyListensNothingIsThrown() {
    notification("NOTIFY_SOCKET", directory.resolve("missing").toString()).alive();
    notification("NOTIFY_SOCKET", "/" + "x".repeat(200)).alive();
    notification("NOTIFY_SOCKET", "vsock:2:1234").alive();
    notification("HOME", "/root").alive();
  }

  @Test
  void aSocketNobodyBoundIsAnErrorInTheWordsOfTheSystem() {
    String socket = directory.resolve("missing").toString();

    assertThat(catchThrowable(() -> UnixDatagram.send(socket, new byte[] {1})))
        .isInstanceOf(IOException.class)
        .hasMessage("No such file or directory");
  }

  @Test
  void theWatchdogIsFedAtHalfItsTime() {
    assertThat(notification("NOTIFY_SOCKET", "/x", "WATCHDOG_USEC", "30000000").watchdogInterval())
        .contains(Duration.ofSeconds(15));
    assertThat(
            notification("NOTIFY_SOCKET", "/x", "WATCHDOG_USEC", "30000000", "WATCHDOG_PID", "4711")
                .watchdogInterval())
        .contains(Duration.ofSeconds(15));
  }

  @Test
  void aWatchdogOfAnotherProcessOrNoneIsNotFed() {
    assertThat(
            notification("NOTIFY_SOCKET", "/x", "WATCHDOG_USEC", "30000000", "WATCHDOG_PID", "1")
                .watchdogInterval())
        .isEmpty();
    assertThat(notification("NOTIFY_SOCKET", "/x").watchdogInterval()).isEmpty();
    assertThat(notification("NOTIFY_SOCKET", "/x", "WATCHDOG_USEC", "soon").watchdogInterval())
        .isEmpty();
    assertThat(notification("WATCHDOG_USEC", "30000000").watchdogInterval()).isEmpty();
  }

  private static ServiceNotification notification(String... environment) {
    Map<String, String> map = new HashMap<>();
    for (int i = 0; i < environment.length; i += 2) {
      map.put(environment[i], environment[i + 1]);
    }
    return ServiceNotification.of(map, OUR_ID);
  }

  private static double monotonicSeconds() throws IOException {
    Process python =
        new ProcessBuilder(
                "python3", "-c", "import time; print(time.clock_gettime(time.CLOCK_MONOTONIC))")
            .start();
    return Double.parseDouble(
        new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip());
  }

  /** A datagram socket of somebody else: Python's. */
  private record Receiver(Process process, BufferedReader lines) implements AutoCloseable {
    static Receiver bind(String socket) throws IOException {
      assumeTrue(Files.isExecutable(pythonOnPath()), "python3 is not installed");
      Process process = new ProcessBuilder("python3", "-c", RECEIVER, socket).start();
      BufferedReader lines =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
      assertThat(lines.readLine()).isEqualTo("bound");
      return new Receiver(process, lines);
    }

    String next() throws IOException {
      return new String(HexFormat.of().parseHex(lines.readLine()), StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
      process.destroy();
    }

    private static Path pythonOnPath() {
      for (String entry : System.getenv("PATH").split(":", -1)) {
        if (Files.isExecutable(Path.of(entry, "python3"))) {
          return Path.of(entry, "python3");
        }
      }
      return Path.of("/nonexistent");
    }
  }
}
