package io.repackd.daemon;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ConfiguratorRank;
import ch.qos.logback.core.spi.ContextAwareBase;

/**
 * The log of every command from its first line on: warnings and errors, on standard error. Logback finds this class through
 * {@code META-INF/services}; without it, it would look for XML files and, finding none, print everything on standard output.
 */
@ConfiguratorRank(ConfiguratorRank.CUSTOM_TOP_PRIORITY)
public final class LogbackDefaults extends ContextAwareBase implements Configurator {
  @Override
  public ExecutionStatus configure(LoggerContext context) {
    Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    root.setLevel(Level.WARN);
    root.addAppender(Appenders.standardError(context, LineLayout.Prefix.PROGRAM, false));
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }
}
