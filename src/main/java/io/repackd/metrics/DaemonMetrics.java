package io.repackd.metrics;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Instant;
import java.util.Map;

/**
 * The meters of the daemon itself:
 *
 * <pre>
 * repackd_build_info{java="25.0.1",version="1.0.0",} 1.0
 * repackd_repositories{state="active",} 20.0
 * repackd_config_last_reload_successful 1.0
 * repackd_config_last_reload_success_timestamp_seconds 1.7951904E9
 * </pre>
 */
public final class DaemonMetrics {
  static final String BUILD_INFO = "repackd_build_info";
  static final String REPOSITORIES = "repackd_repositories";
  static final String RELOAD_SUCCESSFUL = "repackd_config_last_reload_successful";
  static final String RELOAD_SUCCESS_TIME = "repackd_config_last_reload_success_timestamp_seconds";

  /** What becomes of a repository that is configured. */
  public enum RepositoryState {
    /** It is maintained. */
    ACTIVE("active"),
    /** It is configured not to be maintained. */
    DISABLED("disabled"),
    /** It cannot be found or read. */
    UNAVAILABLE("unavailable");

    private final String label;

    RepositoryState(String label) {
      this.label = label;
    }
  }

  private volatile Map<RepositoryState, Integer> repositories = Map.of();
  private volatile boolean reloadSuccessful;
  private volatile double reloadSuccessSeconds;

  /**
   * Registers the meters.
   *
   * @param version the version of this program
   * @param java the version of the Java platform it runs on
   */
  public DaemonMetrics(MeterRegistry meters, String version, String java) {
    Gauge.builder(BUILD_INFO, () -> 1)
        .description("Always 1; the labels say what runs.")
        .tags("version", version, "java", java)
        .register(meters);
    for (RepositoryState state : RepositoryState.values()) {
      Gauge.builder(REPOSITORIES, () -> repositories.getOrDefault(state, 0))
          .description("Configured repositories, by what becomes of them.")
          .tags("state", state.label)
          .register(meters);
    }
    Gauge.builder(RELOAD_SUCCESSFUL, () -> reloadSuccessful ? 1 : 0)
        .description("Whether the configuration could be read when it was last tried.")
        .register(meters);
    Gauge.builder(RELOAD_SUCCESS_TIME, () -> reloadSuccessSeconds)
        .description("When the configuration was last read without complaint.")
        .register(meters);
  }

  /** How many repositories there are in each state; one that is missing has none. */
  public void repositories(Map<RepositoryState, Integer> counts) {
    repositories = Map.copyOf(counts);
  }

  /** The configuration was read. */
  public void configurationRead(Instant when) {
    reloadSuccessSeconds = when.toEpochMilli() / 1000.0;
    reloadSuccessful = true;
  }

  /** The configuration could not be read, and the one before stays. */
  public void configurationRefused() {
    reloadSuccessful = false;
  }
}
