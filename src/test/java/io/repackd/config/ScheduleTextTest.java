package io.repackd.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScheduleTextTest {
  /** A Friday. */
  private static final Instant START = Instant.parse("2027-01-01T00:00:30Z");

  @ParameterizedTest(name = "{0} comes next at {1}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          hourly            | 2027-01-01T01:00:00Z
          daily             | 2027-01-02T00:00:00Z
          weekly            | 2027-01-04T00:00:00Z
          every 30m         | 2027-01-01T00:30:30Z
          every 1h30m       | 2027-01-01T01:30:30Z
          every 2 days      | 2027-01-03T00:00:30Z
          0 3 * * *         | 2027-01-01T03:00:00Z
          */20 * * * *      | 2027-01-01T00:20:00Z
          0 3 * * 0         | 2027-01-03T03:00:00Z
          0 3 * * 7         | 2027-01-03T03:00:00Z
          0 3 * * 1         | 2027-01-04T03:00:00Z
          0 3 * * 6         | 2027-01-02T03:00:00Z
          0 3 * * sat       | 2027-01-02T03:00:00Z
          0 3 * * 6-7       | 2027-01-02T03:00:00Z
          0 3 * * mon-wed   | 2027-01-04T03:00:00Z
          0 3 15 * *        | 2027-01-15T03:00:00Z
          0 3 1 feb *       | 2027-02-01T03:00:00Z
          0 3 29 2 *        | 2028-02-29T03:00:00Z
          0 0 3 ? * 1       | 2027-01-03T03:00:00Z
          0 0 3 ? * MON-FRI | 2027-01-01T03:00:00Z
          15 0 3 L * ?      | 2027-01-31T03:00:15Z
          0 0 3 1 1 ? 2030  | 2030-01-01T03:00:00Z
          """)
  void aScheduleComesWhenItSays(String text, Instant next) {
    assertThat(ScheduleText.parse(text).next(START, ZoneOffset.UTC)).contains(next);
  }

  @ParameterizedTest(name = "{0} is refused")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          60 * * * *    | the field minute: 60 is not in 0 to 59
          */0 * * * *   | the field minute: the step of */0 is not in 1 to 59
          */60 * * * *  | the field minute: the step of */60 is not in 1 to 59
          5/10 * * * *  | the field minute: 5/10 has a step without a range; write 5-59/10
          30-10 * * * * | the field minute: 30-10 ends before it begins
          1,,2 * * * *  | the field minute: is not understood
          0 0 0 * *     | the field day of month: 0 is not in 1 to 31
          0 0 * 13 *    | the field month: 13 is not in 1 to 12
          0 0 * foo *   | the field month: foo is not known
          0 0 * * 8     | the field day of week: 8 is not in 0 to 7
          0 0 * * 5-1   | the field day of week: 5-1 ends before it begins
          0 0 ? * 1     | the field day of month: is not understood
          0 0 */2 * 1-5 | both day of month (*/2) and day of week (1-5) are restricted; leave one of them *
          """)
  void aWrongFieldOfCrontabIsNamed(String text, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ScheduleText.parse(text))
        .withMessage(message);
  }

  @Test
  void whatAScheduleIsCalledCanBeWrittenAsOne() {
    for (String text : List.of("hourly", "daily", "weekly", "every 90m", "every 2d", "5 3 * * 2")) {
      Schedule schedule = ScheduleText.parse(text);
      assertThat(ScheduleText.parse(schedule.toString())).isEqualTo(schedule);
    }
    assertThat(ScheduleText.parse("hourly")).hasToString("hourly");
    assertThat(ScheduleText.parse("every 90m")).hasToString("every 1h30m");
  }

  @Test
  void randomCrontabExpressionsComeWhenCrontabSaysTheyDo() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int round = 0; round < 500; round++) {
      Field minute = Field.random(random, 0, 59);
      Field hour = Field.random(random, 0, 23);
      boolean byWeek = random.nextBoolean();
      Field day = byWeek ? Field.all() : Field.random(random, 1, 31);
      Field month = Field.random(random, 1, 12);
      Field week = byWeek ? Field.random(random, 0, 7) : Field.all();
      String text = String.join(" ", minute.text, hour.text, day.text, month.text, week.text);
      Instant start = START.plus(random.nextInt(366 * 24 * 60), ChronoUnit.MINUTES);

      LocalDateTime time =
          LocalDateTime.ofInstant(start, ZoneOffset.UTC)
              .truncatedTo(ChronoUnit.MINUTES)
              .plusMinutes(1);
      LocalDateTime end = time.plusYears(9);
      while (time.isBefore(end)) {
        if (!(month.fits.test(time.getMonthValue())
            && day.fits.test(time.getDayOfMonth())
            && fitsWeek(week.fits, time.getDayOfWeek()))) {
          time = time.truncatedTo(ChronoUnit.DAYS).plusDays(1);
        } else if (hour.fits.test(time.getHour()) && minute.fits.test(time.getMinute())) {
          break;
        } else {
          time = time.plusMinutes(1);
        }
      }

      String description = text + " after " + start + ", seed " + seed;
      if (time.isBefore(end)) {
        assertThat(ScheduleText.parse(text).next(start, ZoneOffset.UTC))
            .as(description)
            .contains(time.toInstant(ZoneOffset.UTC));
      } else {
        assertThatIllegalArgumentException()
            .as(description)
            .isThrownBy(() -> ScheduleText.parse(text))
            .withMessage(text + " never comes: there is no such date");
      }
    }
  }

  private static boolean fitsWeek(IntPredicate fits, DayOfWeek day) {
    return day == DayOfWeek.SUNDAY ? fits.test(0) || fits.test(7) : fits.test(day.getValue());
  }

  /** A field of crontab, with its meaning written down independently of how it is read. */
  private record Field(String text, IntPredicate fits) {
    static Field all() {
      return new Field("*", value -> true);
    }

    static Field random(Random random, int least, int most) {
      List<String> texts = new ArrayList<>();
      IntPredicate fits = value -> false;
      int elements = 1 + random.nextInt(2);
      for (int i = 0; i < elements; i++) {
        int first = least + random.nextInt(most - least + 1);
        int last = first + random.nextInt(most - first + 1);
        int step = 1 + random.nextInt(Math.min(5, most));
        switch (random.nextInt(4)) {
          case 0 -> {
            texts.add(String.valueOf(first));
            fits = fits.or(value -> value == first);
          }
          case 1 -> {
            texts.add(first + "-" + last);
            fits = fits.or(value -> value >= first && value <= last);
          }
          case 2 -> {
            texts.add(first + "-" + last + "/" + step);
            fits = fits.or(value -> value >= first && value <= last && (value - first) % step == 0);
          }
          default -> {
            texts.add("*/" + step);
            fits = fits.or(value -> (value - least) % step == 0);
          }
        }
      }
      return new Field(String.join(",", texts), fits);
    }
  }
}
