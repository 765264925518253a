package io.repackd.daemon;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.StackTraceElementProxy;
import ch.qos.logback.core.LayoutBase;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/**
 * One line for each event, whatever is in its message: control characters, which a file name may have, are written as escapes.
 * An exception is its chain of messages. Its stack follows on lines of their own at level debug only.
 */
final class LineLayout extends LayoutBase<ILoggingEvent> {
  /** What stands before the message. */
  enum Prefix {
    /** {@code repackd: }. */
    PROGRAM,
    /** {@code <6>}: the level of sd-daemon(3). */
    JOURNAL,
    /** {@code 2026-11-20T12:00:00.000+01:00 INFO  }. */
    TIME
  }

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSXXX", Locale.ROOT);

  private final Prefix prefix;
  private final boolean stacks;
  private final ZoneId zone = ZoneId.systemDefault();

  /**
   * A layout.
   *
   * @param stacks whether the stack of an exception is written too
   */
  LineLayout(Prefix prefix, boolean stacks) {
    this.prefix = prefix;
    this.stacks = stacks;
  }

  @Override
  public String doLayout(ILoggingEvent event) {
    StringBuilder text = new StringBuilder(160);
    begin(text, event);
    appendOnOneLine(text, event.getFormattedMessage());
    IThrowableProxy thrown = event.getThrowableProxy();
    String link = ": ";
    for (IThrowableProxy cause = thrown; cause != null; cause = cause.getCause()) {
      text.append(link).append(simpleName(cause));
      if (cause.getMessage() != null) {
        text.append(": ");
        appendOnOneLine(text, cause.getMessage());
      }
      link = "; caused by ";
    }
    text.append('\n');
    if (stacks) {
      for (IThrowableProxy cause = thrown; cause != null; cause = cause.getCause()) {
        appendStack(text, event, cause);
      }
    }
    return text.toString();
  }

  private void appendStack(StringBuilder text, ILoggingEvent event, IThrowableProxy thrown) {
    begin(text, event);
    text.append("  ").append(thrown.getClassName()).append('\n');
    for (StackTraceElementProxy frame : thrown.getStackTraceElementProxyArray()) {
      begin(text, event);
      text.append("    ").append(frame.getSTEAsString()).append('\n');
    }
  }

  private void begin(StringBuilder text, ILoggingEvent event) {
    switch (prefix) {
      case PROGRAM -> text.append("repackd: ");
      case JOURNAL -> text.append('<').append(priority(event.getLevel())).append('>');
      case TIME -> {
        TIME.formatTo(Instant.ofEpochMilli(event.getTimeStamp()).atZone(zone), text);
        String level = event.getLevel().toString();
        text.append(' ').append(level).append(" ".repeat(6 - level.length()));
      }
    }
  }

  /** The numbers of syslog(3). */
  private static int priority(Level level) {
    return switch (level.toInt()) {
      case Level.ERROR_INT -> 3;
      case Level.WARN_INT -> 4;
      case Level.INFO_INT -> 6;
      default -> 7;
    };
  }

  private static String simpleName(IThrowableProxy thrown) {
    String name = thrown.getClassName();
    return name.substring(name.lastIndexOf('.') + 1);
  }

  private static void appendOnOneLine(StringBuilder text, String message) {
    for (int i = 0; i < message.length(); i++) {
      char c = message.charAt(i);
      if (c == '\n') {
        text.append("\\n");
      } else if (Character.isISOControl(c)) {
        text.append(String.format("\\x%02x", (int) c));
      } else {
        text.append(c);
      }
    }
  }
}
