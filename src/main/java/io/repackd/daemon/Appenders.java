package io.repackd.daemon;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.OutputStreamAppender;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import ch.qos.logback.core.rolling.RollingFileAppender;
import ch.qos.logback.core.rolling.SizeBasedTriggeringPolicy;
import ch.qos.logback.core.util.Duration;
import ch.qos.logback.core.util.FileSize;
import io.repackd.config.LogSettings;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Makes Logback's appenders. Must log nothing: it is called while there is no log yet. */
final class Appenders {
  /** The log file that is written to; closed ones have a number after it, 1 for the youngest. */
  static final String FILE = "repackd.log";

  /** Between looks at the size of the file: Logback's own minute lets a file grow beyond its limit in a burst. */
  private static final Duration NO_DELAY = Duration.buildByMilliseconds(0);

  private Appenders() {}

  static Appender<ILoggingEvent> standardError(
      LoggerContext context, LineLayout.Prefix prefix, boolean stacks) {
    ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
    appender.setTarget("System.err");
    return started(context, appender, new LineLayout(prefix, stacks));
  }

  static Appender<ILoggingEvent> file(LoggerContext context, LogSettings settings, boolean stacks) {
    Path file = settings.directory().resolve(FILE);
    RollingFileAppender<ILoggingEvent> appender = new RollingFileAppender<>();
    appender.setFile(file.toString());

    NumberedFiles rolling = new NumberedFiles(file, settings.maxFiles());
    rolling.setContext(context);
    rolling.setParent(appender);
    rolling.start();
    appender.setRollingPolicy(rolling);

    SizeBasedTriggeringPolicy<ILoggingEvent> size = new SizeBasedTriggeringPolicy<>();
    size.setContext(context);
    size.setMaxFileSize(new FileSize(settings.maxFileBytes()));
    size.setCheckIncrement(NO_DELAY);
    size.start();
    appender.setTriggeringPolicy(size);
    return started(context, appender, new LineLayout(LineLayout.Prefix.TIME, stacks));
  }

  private static Appender<ILoggingEvent> started(
      LoggerContext context, OutputStreamAppender<ILoggingEvent> appender, LineLayout layout) {
    layout.setContext(context);
    layout.start();
    LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
    encoder.setContext(context);
    encoder.setCharset(StandardCharsets.UTF_8);
    encoder.setLayout(layout);
    encoder.start();
    appender.setContext(context);
    appender.setEncoder(encoder);
    appender.start();
    return appender;
  }
}
