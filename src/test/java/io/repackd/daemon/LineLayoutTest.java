package io.repackd.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import java.io.IOException;
import java.time.Instant;
import java.time.OffsetDateTime;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LineLayoutTest {
  private final Exception chain =
      new IllegalStateException("cannot read x", new IOException("Input/output error"));

  private final LineLayout journal = new LineLayout(LineLayout.Prefix.JOURNAL, false);

  @Test
  void theJournalIsToldTheLevelInItsOwnWay() {
    assertThat(journal.doLayout(event(Level.ERROR, "a", null))).isEqualTo("<3>a\n");
    assertThat(journal.doLayout(event(Level.WARN, "a", null))).isEqualTo("<4>a\n");
    assertThat(journal.doLayout(event(Level.INFO, "a", null))).isEqualTo("<6>a\n");
    assertThat(journal.doLayout(event(Level.DEBUG, "a", null))).isEqualTo("<7>a\n");
    assertThat(journal.doLayout(event(Level.TRACE, "a", null))).isEqualTo("<7>a\n");
  }

  @Test
  void aPersonIsToldTheTime() {
    String line =
        new LineLayout(LineLayout.Prefix.TIME, false).doLayout(event(Level.INFO, "cycle ok", null));

    assertThat(line).endsWith(" INFO  cycle ok\n");
    assertThat(OffsetDateTime.parse(line.substring(0, line.indexOf(' '))).toInstant())
        .isEqualTo(Instant.parse("2026-11-20T12:00:00.123Z"));
  }

  @Test
  void aCommandIsToldTheProgram() {
    assertThat(
            new LineLayout(LineLayout.Prefix.PROGRAM, false)
                .doLayout(event(Level.WARN, "cannot", null)))
        .isEqualTo("repackd: cannot\n");
  }

  @Test
  void aMessageStaysOnOneLineWhateverIsInIt() {
    assertThat(journal.doLayout(event(Level.INFO, "a\nb\r\t\u001b[31m\u0085ü", null)))
        .isEqualTo("<6>a\\nb\\x0d\\x09\\x1b[31m\\x85ü\n");
  }

  @Test
  void anExceptionIsItsChainOfMessagesOnTheSameLine() {
    assertThat(journal.doLayout(event(Level.ERROR, "cycle failed", chain)))
        .isEqualTo(
            "<3>cycle failed: IllegalStateException: cannot read x;"
                + " caused by IOException: Input/output error\n");
  }

  @Test
  void stacksFollowOnLinesOfTheirOwnWhereTheyAreAskedFor() {
    String text =
        new LineLayout(LineLayout.Prefix.JOURNAL, true).doLayout(event(Level.ERROR, "x", chain));

    assertThat(text.lines())
        .allMatch(line -> line.startsWith("<3>"))
        .anyMatch(line -> line.contains("java.io.IOException"))
        .anyMatch(line -> line.contains("at " + LineLayoutTest.class.getName()));
  }

  private static LoggingEvent event(Level level, String message, @Nullable Throwable thrown) {
    LoggingEvent event =
        new LoggingEvent(
            LineLayoutTest.class.getName(),
            new LoggerContext().getLogger("test"),
            level,
            message,
            thrown,
            new Object[0]);
    event.setInstant(Instant.parse("2026-11-20T12:00:00.123Z"));
    return event;
  }
}
