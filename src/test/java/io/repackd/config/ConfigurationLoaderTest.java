package io.repackd.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.objectdir.LockPatience;
import java.lang.reflect.RecordComponent;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigurationLoaderTest {
  @TempDir Path directory;
  private TemporaryConfiguration temporary;

  @BeforeEach
  void start() {
    temporary = new TemporaryConfiguration(directory);
  }

  @Test
  void anEmptyFileMeansTheDefaults() throws Exception {
    Configuration configuration = temporary.load("");

    assertThat(configuration)
        .usingRecursiveComparison()
        .isEqualTo(
            new Configuration(
                List.of(),
                new MaintenanceSettings(
                    true,
                    new Schedule.Cron("0 0 * * * ?"),
                    Duration.ofMinutes(5),
                    new MultiPackIndexSettings(true),
                    new AggregateSettings(
                        true,
                        Duration.ofMinutes(5),
                        10,
                        256,
                        Duration.ofMinutes(1),
                        1000,
                        50_000,
                        2_000_000,
                        512L << 20,
                        false),
                    new ExpireSettings(true, Duration.ofHours(1), Duration.ofDays(1)),
                    new RepackSettings(
                        true,
                        RepackStrategy.BATCH,
                        new BatchSize.Auto(),
                        Duration.ofSeconds(5),
                        true),
                    new SafetySettings(
                        false, 1L << 30, new LockPatience(Duration.ofHours(1), Optional.empty()))),
                2,
                temporary.home().resolve(".local/state/repackd"),
                new PacingSettings(100, 100, 20, false),
                new WebSettings(true, listen("127.0.0.1", 9842)),
                new HistorySettings(10_000),
                new LogSettings(
                    LogSettings.Level.INFO,
                    temporary.home().resolve(".local/state/repackd/log"),
                    10L << 20,
                    5),
                List.of(temporary.systemFile(), temporary.systemDirectory().resolve("conf.d"))));
  }

  @Test
  void everyKeyIsMappedAwayFromItsDefault() throws Exception {
    Configuration defaults = temporary.load("");
    Configuration configuration =
        temporary.load(
            """
            enabled = false
            schedule = "every 45m"
            jitter = 30s
            multi-pack-index { enabled = false }
            aggregate { enabled = off, interval = 7s, min-packs = 3, min-loose = 4, min-age = 5m, max-packs = 600, max-loose = 700 }
            aggregate { max-objects = 800, max-bytes = 9 MiB, promisor = yes }
            expire { enabled = false, min-age = 2d, min-age-unseen = 4d }
            repack { enabled = no, strategy = geometric, batch-size = 3 GiB, min-age = 1m, delta-search = off }
            safety { foreign-owner = allow, disk-reserve = 5 MiB, dead-lock-age = 3h, unknown-lock-age = 2d }
            max-concurrent = 7
            state-directory = /state
            web { enabled = off, listen = "[::1]:0" }
            pacing { max-cpu-pressure = 60, max-io-pressure = 70, max-memory-pressure = 80, on-battery = run }
            history { max-cycles = 12 }
            log { level = DEBUG, directory = /log, max-file-size = 1 MiB, max-files = 9 }
            repositories = [ /srv/a.git ]
            """);

    assertThat(configuration)
        .usingRecursiveComparison()
        .ignoringFields("repositories", "files")
        .isEqualTo(
            new Configuration(
                List.of(),
                new MaintenanceSettings(
                    false,
                    new Schedule.Every(Duration.ofMinutes(45)),
                    Duration.ofSeconds(30),
                    new MultiPackIndexSettings(false),
                    new AggregateSettings(
                        false,
                        Duration.ofSeconds(7),
                        3,
                        4,
                        Duration.ofMinutes(5),
                        600,
                        700,
                        800,
                        9L << 20,
                        true),
                    new ExpireSettings(false, Duration.ofDays(2), Duration.ofDays(4)),
                    new RepackSettings(
                        false,
                        RepackStrategy.GEOMETRIC,
                        new BatchSize.Bytes(3L << 30),
                        Duration.ofMinutes(1),
                        false),
                    new SafetySettings(
                        true,
                        5L << 20,
                        new LockPatience(Duration.ofHours(3), Optional.of(Duration.ofDays(2))))),
                7,
                Path.of("/state"),
                new PacingSettings(60, 70, 80, true),
                new WebSettings(false, listen("::1", 0)),
                new HistorySettings(12),
                new LogSettings(LogSettings.Level.DEBUG, Path.of("/log"), 1L << 20, 9),
                List.of()));
    assertThat(equalParts("", configuration, defaults)).containsExactly("files");
  }

  @Test
  void anEntryHasItsOwnSettingsOverThoseOfTheTopLevel() throws Exception {
    Configuration configuration =
        temporary.load(
            """
            expire { enabled = false, min-age = 2d, min-age-unseen = 4d }
            repositories = [
              { path = /srv/a.git, name = a, expire { min-age = 3h }, schedule = daily }
              "/srv/*.git"
            ]
            """);

    RepositoryEntry own = configuration.repositories().getFirst();
    assertThat(own.pattern()).isEqualTo("/srv/a.git");
    assertThat(own.name()).contains("a");
    assertThat(own.origin()).isEqualTo(temporary.systemFile() + ":3");
    assertThat(own.settings().expire())
        .isEqualTo(new ExpireSettings(false, Duration.ofHours(3), Duration.ofDays(4)));
    assertThat(own.settings().schedule()).isEqualTo(Schedule.Cron.DAILY);
    assertThat(own.settings().repack()).isEqualTo(configuration.defaults().repack());
    assertThat(configuration.repositories().getLast().settings())
        .isEqualTo(configuration.defaults());
  }

  @Test
  void everyMaintenanceKeyMayStandInAnEntry() throws Exception {
    Configuration configuration =
        temporary.load(
            """
            repositories = [ {
              path = /srv/a.git
              enabled = false
              schedule = weekly
              jitter = 30s
              multi-pack-index { enabled = false }
              aggregate { enabled = off, interval = 7s, min-packs = 3, min-loose = 4, min-age = 5m, max-packs = 600, max-loose = 700 }
              aggregate { max-objects = 800, max-bytes = 9 MiB, promisor = yes }
              expire { enabled = false, min-age = 2d, min-age-unseen = 4d }
              repack { enabled = false, strategy = Geometric, batch-size = 0, min-age = 1m, delta-search = no }
              safety { foreign-owner = allow, disk-reserve = 5 MiB, dead-lock-age = 3h, unknown-lock-age = 2d }
            } ]
            """);

    assertThat(
            equalParts(
                "", configuration.repositories().getFirst().settings(), configuration.defaults()))
        .isEmpty();
  }

  @Test
  void settingsAreWrittenInAFormThatIsReadAsTheSame() throws Exception {
    for (String text :
        List.of(
            "",
            "schedule = \"5 3 * * 1-5\"\nrepack { batch-size = 0, min-age = 90s }",
            "schedule = every 36h\nexpire { enabled = no, min-age = 1.5d }\njitter = 0s",
            "aggregate { interval = 90m, min-packs = 2, min-loose = 1, min-age = 0s, max-packs = 2"
                + " }",
            "aggregate { max-loose = 256, max-objects = 1, max-bytes = 64 KiB, promisor = yes }",
            "repack { strategy = geometric, delta-search = off }",
            "repack.batch-size = 1023 KiB\nsafety { disk-reserve = 0, foreign-owner = allow }")) {
      MaintenanceSettings settings = temporary.load(text).defaults();
      StringBuilder written = new StringBuilder();
      settings.asWritten().forEach((key, value) -> written.append(key + " = \"" + value + "\"\n"));

      assertThat(temporary.load(written.toString()).defaults()).isEqualTo(settings);
    }
    assertThat(temporary.load("").defaults().asWritten())
        .containsOnlyKeys(
            ConfigurationLoader.reference().toConfig().entrySet().stream()
                .map(Map.Entry::getKey)
                .filter(key -> KnownKeys.MAINTENANCE.contains(key.replaceFirst("\\..*", "")))
                .toList());
  }

  @Test
  void pathsMayBeginWithTheHomeDirectoryOrCountFromTheirFile() throws Exception {
    Configuration configuration =
        temporary.load(
            """
            repositories = [ "~/a*.git", "~", "../b.git", "c[1].git" ]
            state-directory = state
            log { directory = ~/log }
            """);

    assertThat(configuration.repositories())
        .extracting(RepositoryEntry::pattern)
        .containsExactly(
            temporary.home() + "/a*.git",
            temporary.home().toString(),
            temporary.systemDirectory() + "/../b.git",
            temporary.systemDirectory() + "/c[1].git");
    assertThat(configuration.stateDirectory())
        .isEqualTo(temporary.systemDirectory().resolve("state"));
    assertThat(configuration.log().directory()).isEqualTo(temporary.home().resolve("log"));
  }

  @Test
  void environmentVariablesFillInWhereAFileNamesThem() throws Exception {
    temporary.as(false, Map.of("CYCLES", "33", "ROOT", "/srv", "WEB", "false"));

    Configuration configuration =
        temporary.load(
            """
            history { max-cycles = ${CYCLES} }
            web { enabled = ${WEB} }
            max-concurrent = 3
            max-concurrent = ${?JOBS}
            repositories = [ ${ROOT}/a.git ]
            """);

    assertThat(configuration.history().maxCycles()).isEqualTo(33);
    assertThat(configuration.web().enabled()).isFalse();
    assertThat(configuration.maxConcurrent()).isEqualTo(3);
    assertThat(configuration.repositories())
        .extracting(RepositoryEntry::pattern)
        .containsExactly("/srv/a.git");
  }

  @Test
  void systemPropertiesPlayNoPart() throws Exception {
    System.setProperty("max-concurrent", "9");
    try {
      assertThat(temporary.load("").maxConcurrent()).isEqualTo(2);
    } finally {
      System.clearProperty("max-concurrent");
    }
  }

  @Test
  void stateLiesWhereTheServiceOrTheUserHasIt() throws Exception {
    temporary.as(true, Map.of());
    assertThat(temporary.load("").stateDirectory()).isEqualTo(Path.of("/var/lib/repackd"));
    temporary.as(true, Map.of("STATE_DIRECTORY", "/run/one:/run/two"));
    assertThat(temporary.load("").stateDirectory()).isEqualTo(Path.of("/run/one"));
    temporary.as(false, Map.of("XDG_STATE_HOME", "/xdg"));
    assertThat(temporary.load("").stateDirectory()).isEqualTo(Path.of("/xdg/repackd"));
    temporary.as(false, Map.of("XDG_STATE_HOME", "relative"));
    assertThat(temporary.load("").stateDirectory())
        .isEqualTo(temporary.home().resolve(".local/state/repackd"));
  }

  @Test
  void aRepositoryOnTheCommandLineNeedsNoFileAndIsNoGlob() {
    Configuration configuration =
        temporary.loader().withoutFile(List.of(Path.of("/srv/a[1]*.git"), Path.of("b.git")));

    assertThat(configuration.files()).isEmpty();
    assertThat(configuration.repositories())
        .allSatisfy(entry -> {
          assertThat(entry.paths().isGlob()).isFalse();
          assertThat(entry.settings()).isEqualTo(configuration.defaults());
          assertThat(entry.name()).isEqualTo(Optional.empty());
        })
        .extracting(entry -> entry.paths().path())
        .containsExactly(Path.of("/srv/a[1]*.git"), Path.of("b.git").toAbsolutePath());
  }

  private static InetSocketAddress listen(String address, int port) {
    return new InetSocketAddress(InetAddress.ofLiteral(address), port);
  }

  /** The names of the components that are equal in two records, those of records within them included. */
  private static List<String> equalParts(String prefix, Record one, Record other)
      throws ReflectiveOperationException {
    List<String> equal = new ArrayList<>();
    for (RecordComponent component : one.getClass().getRecordComponents()) {
      Object left = component.getAccessor().invoke(one);
      Object right = component.getAccessor().invoke(other);
      String name = prefix + component.getName();
      if (left instanceof Record below && left.getClass() == right.getClass()) {
        equal.addAll(equalParts(name + ".", below, (Record) right));
      } else if (left.equals(right)) {
        equal.add(name);
      }
    }
    return equal;
  }
}
