package io.repackd.daemon;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import io.repackd.config.LogSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.LoggerFactory;

/**
 * Where the daemon's log lines go: standard error, and a rolling file too where nobody is known to read that. Set up in
 * code, because to read Logback's XML takes longer than all the rest of the start.
 */
public final class Logging implements AutoCloseable {
  private static final String OURS = "io.repackd";

  private final LoggerContext context;
  private final LogTarget target;

  /** Lines go to standard error at level info, until {@link #apply} says otherwise. */
  Logging(LoggerContext context, LogTarget target) {
    this.context = context;
    this.target = target;
    replace(Level.INFO, List.of(standardError(Level.INFO)));
  }

  /** The log of this process. */
  public static Logging ofThisProcess() {
    return new Logging(
        (LoggerContext) LoggerFactory.getILoggerFactory(), LogTarget.detect(System.getenv()));
  }

  /** Follows the settings. Where the file cannot be written, standard error says so, and has all lines anyway. */
  public void apply(LogSettings settings) {
    Level level = Level.toLevel(settings.level().name());
    List<Appender<ILoggingEvent>> appenders = new ArrayList<>();
    appenders.add(standardError(level));
    String complaint = "";
    if (target == LogTarget.UNKNOWN) {
      try {
        tryToWrite(settings.directory());
        appenders.add(Appenders.file(context, settings, debug(level)));
      } catch (IOException e) {
        complaint = "cannot log to a file in " + settings.directory() + ": " + e;
      }
    }
    replace(level, appenders);
    if (!complaint.isEmpty()) {
      context.getLogger(Logging.class).warn(complaint);
    }
  }

  /** Logback itself keeps silent about a file it cannot open. */
  private static void tryToWrite(Path directory) throws IOException {
    Files.createDirectories(directory);
    Files.newByteChannel(
            directory.resolve(Appenders.FILE), StandardOpenOption.CREATE, StandardOpenOption.APPEND)
        .close();
  }

  /** Writes out what is pending. Nothing is logged after that. */
  @Override
  public void close() {
    context.stop();
  }

  private void replace(Level level, List<Appender<ILoggingEvent>> appenders) {
    Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    List<Appender<ILoggingEvent>> before = new ArrayList<>();
    root.iteratorForAppenders().forEachRemaining(before::add);
    before.forEach(appender -> {
      root.detachAppender(appender);
      appender.stop();
    });
    appenders.forEach(root::addAppender);
    // What libraries have to say below a warning is of no use to those who run a daemon.
    root.setLevel(level.isGreaterOrEqual(Level.WARN) ? level : Level.WARN);
    context.getLogger(OURS).setLevel(level);
  }

  private Appender<ILoggingEvent> standardError(Level level) {
    LineLayout.Prefix prefix =
        target == LogTarget.JOURNAL ? LineLayout.Prefix.JOURNAL : LineLayout.Prefix.TIME;
    return Appenders.standardError(context, prefix, debug(level));
  }

  private static boolean debug(Level level) {
    return level.toInt() <= Level.DEBUG_INT;
  }
}
