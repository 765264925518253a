package io.repackd.daemon;

import io.repackd.config.Configuration;
import io.repackd.config.LogSettings;
import io.repackd.platform.ServiceNotification;
import io.repackd.registry.Registry;
import io.repackd.schedule.MaintenanceScheduler.FirstRun;
import java.time.Clock;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * What a daemon works with that a test has its own of.
 *
 * @param configuration where the configuration comes from
 * @param registry finds the repositories of a configuration
 * @param cycles maintenance and history as the first configuration has them; throws {@link java.io.UncheckedIOException} if
 *     they cannot be
 * @param log follows the settings of the log
 * @param notification tells the service manager
 * @param firstRun when the first cycle of a repository runs
 * @param clock tells the time
 * @param rhythm how often things are done
 */
record Surroundings(
    ConfigurationSource configuration,
    Function<Configuration, Registry> registry,
    Function<Configuration, Cycles> cycles,
    Consumer<LogSettings> log,
    ServiceNotification notification,
    FirstRun firstRun,
    Clock clock,
    Rhythm rhythm) {}
