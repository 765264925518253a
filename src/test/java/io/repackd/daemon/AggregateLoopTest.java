package io.repackd.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.repackd.GitRepository;
import io.repackd.config.ConfigurationLoader;
import io.repackd.maintenance.Result;
import io.repackd.maintenance.StepOutcome.Work;
import io.repackd.objectdir.RepositoryDiscovery;
import io.repackd.platform.ServiceNotification;
import io.repackd.registry.Registration;
import io.repackd.registry.Registry;
import io.repackd.schedule.MaintenanceScheduler.FirstRun;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The aggregate loop of a whole daemon, over real repositories. What is looked at there is the number of packs. */
@Timeout(180)
class AggregateLoopTest {

  private static final Rhythm QUICK =
      new Rhythm(
          Duration.ofMillis(20),
          Duration.ofMillis(20),
          Duration.ofHours(1),
          Duration.ofSeconds(10));

  /** Tells less than Quartz knows: what is due when it has been quiet for a while is due at once. */
  private static final Clock BEHIND = Clock.offset(Clock.systemUTC(), Duration.ofMinutes(-1));

  private static final long SEED = 4;

  private static final Instant LONG_AGO = Instant.parse("2020-01-01T00:00:00Z");

  private static final Work BUNDLED = new Work(1, 2, 30, 4096, 0);

  @TempDir Path directory;

  private final FakeCycles cycles = new FakeCycles();
  private final LogLines log = new LogLines();
  private final Map<String, AtomicInteger> looks = new ConcurrentHashMap<>();
  private final Set<String> bundled = ConcurrentHashMap.newKeySet();
  private final Daemon daemon = new Daemon(surroundings());
  private CompletableFuture<Integer> status = CompletableFuture.completedFuture(0);

  @BeforeEach
  void makeRepositories() {
    GitRepository.bare(directory.resolve("linux.git"));
    GitRepository.bare(directory.resolve("git.git"));
    cycles.worthAggregating =
        registration -> {
          looked(registration);
          return !bundled.contains(registration.name()) && packs(registration) > 0;
        };
    cycles.round =
        (registration, cancellation) -> {
          bundled.add(registration.name());
          return FakeCycles.round(Result.OK, BUNDLED, "");
        };
  }

  @AfterEach
  void stop() throws Exception {
    daemon.stop();
    exitStatus();
    log.close();
  }

  @Test
  void aPackThatAppearsLeadsToARound() throws Exception {
    configure("aggregate.interval = 1d");
    start();
    await().until(() -> looks("linux") > 0 && looks("git") > 0 && cycles.history.size() == 2);
    await().until(() -> cycles.measured.size() == 2);

    new Pusher(directory).push("linux.git");

    await().until(() -> cycles.measured.size() == 3);
    assertThat(cycles.measured.getLast()).isEqualTo("linux");
    assertThat(bundled).containsExactly("linux");
    assertThat(log.lines())
        .contains(
            "INFO step aggregate ok repository=linux packs=1 objects=30 bytes=4.0KiB deleted=2"
                + " took=0.020s");
    assertThat(metrics())
        .contains("repackd_packs_written_total{repository=\"linux\",step=\"aggregate\",} 1.0")
        .contains("repackd_packs_deleted_total{repository=\"linux\",step=\"aggregate\",} 2.0")
        .contains("repackd_loose_objects_deleted_total{repository=\"linux\",} 0.0")
        .contains(
            "repackd_step_duration_seconds_count"
                + "{outcome=\"ok\",repository=\"linux\",step=\"aggregate\",} 1.0")
        .doesNotContain("{repository=\"git\",step=\"aggregate\",}");
    assertThat(cycles.history).hasSize(2);
  }

  @Test
  void whatItBundlesIsOnePackInTheEndAndWhole() throws Exception {
    GitRepository linux = GitRepository.at(directory.resolve("linux.git"));
    linux.fetches(3, new Random(SEED));
    linux.files("").forEach(file -> GitRepository.setModified(file, LONG_AGO));
    String late = linux.packFiles().getLast().getFileName().toString().replace(".pack", "");
    Path aside = Files.createDirectory(directory.resolve("aside"));
    for (String extension : List.of(".idx", ".pack")) {
      Files.move(linux.packs().resolve(late + extension), aside.resolve(late + extension));
    }
    configure("aggregate { min-packs = 3, interval = 1d, min-age = 0s }");
    aggregateForReal();
    start();
    await().until(() -> looks("linux") > 0 && cycles.history.size() == 2);

    for (String extension : List.of(".pack", ".idx")) {
      Files.move(aside.resolve(late + extension), linux.packs().resolve(late + extension));
    }

    await().until(() -> linux.packFiles().size() == 1);
    linux.assertHealthy();
  }

  @Test
  void theConfigurationIsFollowed() throws Exception {
    configure("aggregate.enabled = false");
    start();
    await().until(() -> cycles.history.size() == 2);
    assertThat(looks).isEmpty();

    configure("aggregate.interval = 1d");
    await().until(() -> looks("linux") > 0 && looks("git") > 0);

    configure("aggregate.interval = 1d\nrepositories = [\"" + directory + "/git.git\"]");
    await()
        .until(() ->
            log.lines().stream().anyMatch(line -> line.startsWith("INFO no longer registered")));
    new Pusher(directory).push("linux.git");
    new Pusher(directory).push("git.git");
    await().until(() -> bundled.contains("git"));
    assertThat(bundled).containsExactly("git");
  }

  @Test
  void theRoundThatRunsIsEndedWhenTheDaemonStops() throws Exception {
    AtomicInteger inside = new AtomicInteger();
    cycles.worthAggregating = registration -> true;
    cycles.round =
        (registration, cancellation) -> {
          inside.incrementAndGet();
          await().until(cancellation::requested);
          inside.decrementAndGet();
          return FakeCycles.round(Result.CANCELLED, Work.NONE, "asked to stop");
        };
    configure("");
    start();
    await().until(() -> inside.get() == 1);

    daemon.stop();

    assertThat(exitStatus()).isZero();
    assertThat(inside).hasValue(0);
    assertThat(log.lines()).noneMatch(line -> line.contains("did not end"));
  }

  @Test
  void whereACycleRunsTheLoopDoesNot() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    cycles.body =
        (registration, cancellation) -> {
          if (registration.name().equals("linux")) {
            begun.countDown();
            await().until(cancellation::requested);
          }
          return FakeCycles.outcome(registration, Result.OK, "none");
        };
    configure("aggregate.interval = 1s");
    start();

    begun.await();
    int before = looks("linux");
    int others = looks("git");

    await().until(() -> looks("git") > others + 3);
    assertThat(looks("linux")).isLessThanOrEqualTo(before + 1); // One may have been under way.
  }

  private void aggregateForReal() throws Exception {
    Cycles onDisk =
        new CyclesOnDisk(
            new ConfigurationLoader().load(directory.resolve("repackd.conf")), Clock.systemUTC());
    cycles.worthAggregating =
        registration -> {
          try {
            looked(registration);
            return onDisk.worthAggregating(registration);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        };
    cycles.round = onDisk::aggregate;
  }

  private Surroundings surroundings() {
    ConfigurationLoader loader = new ConfigurationLoader();
    return new Surroundings(
        () -> loader.load(directory.resolve("repackd.conf")),
        configuration -> Registry.resolve(configuration, RepositoryDiscovery::locate),
        configuration -> cycles,
        settings -> {},
        ServiceNotification.of(Map.of(), 0),
        FirstRun.AT_ONCE,
        BEHIND,
        QUICK);
  }

  /** Somebody who pushes a pack. */
  private record Pusher(Path directory) {
    void push(String repository) {
      Path clone = directory.resolve("clone-of-" + repository);
      GitRepository work = GitRepository.withWorktree(clone);
      work.git("config", "fetch.unpackLimit", "1");
      GitRepository.at(directory.resolve(repository)).git("config", "receive.unpackLimit", "1");
      work.git("commit", "--allow-empty", "-qm", "one");
      work.git("push", "-q", directory.resolve(repository).toString(), "HEAD:refs/heads/one");
    }
  }

  private static long packs(Registration registration) {
    Path packs = registration.location().objectDirectory().resolve("pack");
    try (Stream<Path> files = Files.list(packs)) {
      return files.filter(file -> file.toString().endsWith(".idx")).count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void looked(Registration registration) {
    looks.computeIfAbsent(registration.name(), name -> new AtomicInteger()).incrementAndGet();
  }

  private int looks(String name) {
    return looks.getOrDefault(name, new AtomicInteger()).get();
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

  private int exitStatus() throws Exception {
    return status.get(120, TimeUnit.SECONDS);
  }

  private String metrics() throws IOException, InterruptedException {
    int port = daemon.address().orElseThrow().getPort();
    URI address = URI.create("http://127.0.0.1:" + port + "/metrics");
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(HttpRequest.newBuilder(address).build(), BodyHandlers.ofString()).body();
    }
  }
}
