package io.repackd.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.repackd.config.ConfigurationLoader;
import io.repackd.daemon.LifeCycle.State;
import io.repackd.maintenance.Result;
import io.repackd.objectdir.ObjectDirectoryException;
import io.repackd.objectdir.RepositoryLocation;
import io.repackd.platform.Pause;
import io.repackd.platform.ServiceNotification;
import io.repackd.registry.Registry;
import io.repackd.schedule.MaintenanceScheduler.FirstRun;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
class DaemonTest {

  private static final Rhythm QUICK =
      new Rhythm(
          Duration.ofMillis(20),
          Duration.ofMillis(20),
          Duration.ofMillis(20),
          Duration.ofSeconds(10));

  @TempDir Path directory;

  private final FakeCycles cycles = new FakeCycles();
  private final LogLines log = new LogLines();
  private final AtomicInteger loads = new AtomicInteger();
  private final Daemon daemon = new Daemon(surroundings());
  private CompletableFuture<Integer> status = CompletableFuture.completedFuture(0);

  @BeforeEach
  void makeRepositories() throws IOException {
    for (String name : new String[] {"linux", "git"}) {
      Files.createDirectories(directory.resolve(name + ".git/objects"));
    }
  }

  @AfterEach
  void stop() throws Exception {
    daemon.stop();
    exitStatus();
    log.close();
  }

  @Test
  void itMaintainsUntilItIsToldToStop() throws Exception {
    configure("");
    start();

    await().until(() -> cycles.history.size() == 2);
    await()
        .untilAsserted(() ->
            assertThat(page("/metrics"))
                .contains("repackd_packs{kind=\"ordinary\",repository=\"linux\",} 3.0")
                .contains("repackd_config_last_reload_successful 1.0"));
    await().untilAsserted(() -> assertThat(page("/-/ready")).isEqualTo("running\n"));

    assertThat(daemon.stop()).isTrue();
    assertThat(daemon.stop()).isFalse();
    assertThat(exitStatus()).isZero();
    assertThat(daemon.state()).isEqualTo(State.STOPPED);
    assertThat(daemon.address()).isEmpty();
  }

  @Test
  void itSaysWhatItDoes() throws Exception {
    configure("");
    start();
    await().until(() -> cycles.history.size() == 2);

    new Pause(directory.resolve("state")).begin(Optional.empty());

    await()
        .untilAsserted(() -> {
          Config status = ConfigFactory.parseString(page("/-/status"));
          assertThat(status.getString("state")).isEqualTo("running");
          assertThat(status.getBoolean("paused")).isTrue();
          assertThat(status.getObject("next_runs")).containsOnlyKeys("linux", "git");
          assertThat(status.getConfigList("running")).isEmpty();
        });
    assertThat(page("/metrics")).contains("repackd_throttled_seconds_total{reason=\"pause\",} 0.0");
  }

  @Test
  void aBrokenConfigurationKeepsItFromStarting() throws Exception {
    configure("jittter = 1m\nmax-concurrent = none");
    start();

    assertThat(exitStatus()).isEqualTo(2);
    assertThat(daemon.state()).isEqualTo(State.FAILED);
    assertThat(log.lines())
        .hasSizeGreaterThanOrEqualTo(2)
        .allMatch(line -> line.startsWith("ERROR "));
  }

  @Test
  void aChangedFileIsFollowed() throws Exception {
    configure("repositories = []");
    start();
    await().until(() -> daemon.state() == State.RUNNING);
    assertThat(cycles.history).isEmpty();

    configure("");

    await().until(() -> cycles.history.size() == 2);
    await().untilAsserted(() -> assertThat(log.lines()).contains("INFO configuration reloaded"));
  }

  @Test
  void aFileThatBreaksIsReportedAndTheOneBeforeStays() throws Exception {
    configure("");
    start();
    await().until(() -> cycles.history.size() == 2);

    configure("jittter = 1m");
    await()
        .untilAsserted(() ->
            assertThat(page("/metrics"))
                .contains("repackd_config_last_reload_successful 0.0")
                .contains("repackd_repositories{state=\"active\",} 2.0"));
    await().untilAsserted(() -> assertThat(page("/-/ready")).isEqualTo("running\n"));
    assertThat(log.lines())
        .anyMatch(line -> line.startsWith("ERROR ") && line.contains("jittter"))
        .contains("ERROR the configuration cannot be used; the one before stays in force");

    configure("");
    await()
        .untilAsserted(() ->
            assertThat(page("/metrics")).contains("repackd_config_last_reload_successful 1.0"));
  }

  @Test
  void aReloadOnDemandReadsAFileThatHasNotChanged() throws Exception {
    configure("");
    start();
    await().until(() -> daemon.state() == State.RUNNING);
    int before = loads.get();

    daemon.reload();

    await().until(() -> loads.get() == before + 1);
  }

  @Test
  void aRepositoryThatVanishesIsLeftOutUntilItComesBack() throws Exception {
    configure("");
    start();
    await().until(() -> cycles.history.size() == 2);

    Path away = directory.resolve("away");
    Files.move(directory.resolve("linux.git"), away);
    await()
        .untilAsserted(() ->
            assertThat(page("/metrics"))
                .contains("repository=\"git\"")
                .doesNotContain("repository=\"linux\"")
                .contains("repackd_repositories{state=\"unavailable\",} 1.0"));

    Files.move(away, directory.resolve("linux.git"));
    await()
        .untilAsserted(() ->
            assertThat(page("/metrics"))
                .contains("repackd_packs{kind=\"ordinary\",repository=\"linux\",}"));
    assertThat(log.lines().stream().filter(line -> line.contains("cannot open"))).hasSize(2);
  }

  @Test
  void aCycleThatRunsIsCancelledWhenItStops() throws Exception {
    cycles.body =
        (registration, cancellation) -> {
          await().until(cancellation::requested);
          return FakeCycles.outcome(registration, Result.CANCELLED, "none");
        };
    configure("max-concurrent = 2");
    start();
    await().until(() -> daemon.address().isPresent());
    await()
        .untilAsserted(() ->
            assertThat(page("/metrics")).contains("repackd_repositories{state=\"active\",} 2.0"));

    daemon.stop();

    assertThat(exitStatus()).isZero();
    assertThat(cycles.history).allMatch(outcome -> outcome.result() == Result.CANCELLED);
  }

  @Test
  void anAddressThatIsTakenDoesNotKeepItFromItsWork() throws Exception {
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      configure("web.listen = \"127.0.0.1:" + other.getLocalPort() + "\"");
      start();

      await().until(() -> cycles.history.size() == 2);
      assertThat(log.lines())
          .contains(
              "ERROR cannot listen on 127.0.0.1:"
                  + other.getLocalPort()
                  + ": Address already in use; trying again every 30 s");
    }
  }

  private Surroundings surroundings() {
    ConfigurationLoader loader = new ConfigurationLoader();
    return new Surroundings(
        () -> {
          loads.incrementAndGet();
          return loader.load(directory.resolve("repackd.conf"));
        },
        configuration -> Registry.resolve(configuration, DaemonTest::locate),
        configuration -> cycles,
        settings -> {},
        ServiceNotification.of(Map.of(), 0),
        FirstRun.AT_ONCE,
        Clock.systemUTC(),
        QUICK);
  }

  private static RepositoryLocation locate(Path path) throws ObjectDirectoryException {
    Path objects = path.resolve("objects");
    if (!Files.isDirectory(objects)) {
      throw new ObjectDirectoryException("cannot open repository " + path);
    }
    return new RepositoryLocation(path, Optional.of(path), objects);
  }

  /** Replaces the configuration file, as an editor does. */
  private void configure(String text) throws IOException {
    Path next = directory.resolve("next");
    Files.writeString(
        next,
        String.join(
            "\n",
            "repositories = [\"" + directory + "/linux.git\", \"" + directory + "/git.git\"]",
            "state-directory = \"" + directory + "/state\"",
            "schedule = daily",
            "web.listen = \"127.0.0.1:0\"",
            text));
    Files.move(next, directory.resolve("repackd.conf"), StandardCopyOption.ATOMIC_MOVE);
  }

  private void start() {
    status = CompletableFuture.supplyAsync(daemon::run);
  }

  private int exitStatus() throws InterruptedException, ExecutionException, TimeoutException {
    return status.get(120, TimeUnit.SECONDS);
  }

  private String page(String path) throws IOException, InterruptedException {
    URI address = URI.create("http://127.0.0.1:" + daemon.address().orElseThrow().getPort() + path);
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(HttpRequest.newBuilder(address).build(), BodyHandlers.ofString()).body();
    }
  }
}
