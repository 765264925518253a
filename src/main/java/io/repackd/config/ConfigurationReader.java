package io.repackd.config;

import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigValue;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Turns resolved HOCON into the typed configuration. */
final class ConfigurationReader {
  private static final int MAX_CONCURRENT = 64;
  private static final int MAX_CYCLES = 1_000_000;
  private static final int MAX_LOG_FILES = 1_000;

  /** A smaller log file is closed before it tells a story. */
  private static final long MIN_LOG_FILE_BYTES = 64L << 10;

  /** A larger one is more than an editor opens. */
  private static final long MAX_LOG_FILE_BYTES = 1L << 30;

  private static final Form<Integer> PERCENT = Form.number(1, 100);

  private enum OnBattery {
    WAIT,
    RUN
  }

  private final ConfigObject reference;
  private final PathText paths;
  private final Environment environment;
  private final Complaints complaints;
  private final Set<String> keys = new TreeSet<>(Set.of(KnownKeys.REPOSITORIES));

  ConfigurationReader(ConfigObject reference, Environment environment, Complaints complaints) {
    this.reference = reference;
    this.paths = new PathText(environment.home());
    this.environment = environment;
    this.complaints = complaints;
  }

  /**
   * Reads a configuration.
   *
   * @param layers the content of each file, a later one over an earlier one
   * @param files the files, for {@link Configuration#files}
   */
  Configuration read(List<ConfigObject> layers, List<Path> files) {
    ConfigObject merged = ConfigFactory.empty().root();
    for (ConfigObject layer : layers) {
      merged = layer.withoutKey(KnownKeys.REPOSITORIES).withFallback(merged);
    }
    List<RepositoryEntry> repositories = new ArrayList<>();
    EntryReader entries = new EntryReader(reference, paths, complaints);
    for (ConfigObject layer : layers) {
      ConfigValue value = layer.get(KnownKeys.REPOSITORIES);
      if (value != null) {
        repositories.addAll(entries.read(value, merged));
      }
    }
    Section settings = Section.of(merged, reference, complaints);
    Configuration configuration = configuration(settings, repositories, files);
    keys.addAll(settings.keys());
    return configuration;
  }

  /** The keys that were asked for so far. */
  Set<String> keys() {
    return Set.copyOf(keys);
  }

  private Configuration configuration(
      Section settings, List<RepositoryEntry> repositories, List<Path> files) {
    Path state = directory(settings, "state-directory", environment.stateDirectory());
    Section web = settings.group("web");
    Section history = settings.group("history");
    return new Configuration(
        repositories,
        MaintenanceReader.read(settings),
        settings.get("max-concurrent", Form.number(1, MAX_CONCURRENT)),
        state,
        pacing(settings.group("pacing")),
        new WebSettings(web.get("enabled", Form.BOOLEAN), web.get("listen", Form.LISTEN)),
        new HistorySettings(history.get("max-cycles", Form.number(1, MAX_CYCLES))),
        log(settings.group("log"), state),
        files);
  }

  private static PacingSettings pacing(Section pacing) {
    return new PacingSettings(
        pacing.get("max-cpu-pressure", PERCENT),
        pacing.get("max-io-pressure", PERCENT),
        pacing.get("max-memory-pressure", PERCENT),
        pacing.get("on-battery", Form.oneOf(OnBattery.class)) == OnBattery.RUN);
  }

  private LogSettings log(Section log, Path stateDirectory) {
    return new LogSettings(
        log.get("level", Form.oneOf(LogSettings.Level.class)),
        directory(log, "directory", stateDirectory.resolve("log")),
        log.get("max-file-size", Form.bytes(MIN_LOG_FILE_BYTES, MAX_LOG_FILE_BYTES)),
        log.get("max-files", Form.number(1, MAX_LOG_FILES)));
  }

  private Path directory(Section section, String key, Path auto) {
    Path base = Origins.directory(section.origin(key));
    return section.get(
        key, Form.text("a directory", text -> paths.path(text, base)).orWord("auto", auto));
  }
}
