package io.repackd.config;

import java.util.List;
import java.util.Locale;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Translates a cron expression of five fields, as crontab(5) has them, into the form of Quartz.
 *
 * <p>The two differ in more than the field for seconds that Quartz has in front. Days of the week count from 0 (Sunday, also
 * 7) in crontab and from 1 (Sunday) in Quartz, so they are translated into names. Of day of month and day of week Quartz
 * needs exactly one to be {@code ?}. Crontab takes a day that fits <em>either</em> when both are restricted, which Quartz
 * cannot say, so that is refused.
 */
final class UnixCron {
  private static final List<String> MONTHS =
      List.of("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC");

  private static final List<String> DAYS_OF_WEEK =
      List.of("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT");

  private static final Field MINUTE = new Field("minute", 0, 59, List.of());
  private static final Field HOUR = new Field("hour", 0, 23, List.of());
  private static final Field DAY_OF_MONTH = new Field("day of month", 1, 31, List.of());
  private static final Field MONTH = new Field("month", 1, 12, MONTHS);
  private static final Field DAY_OF_WEEK = new Field("day of week", 0, 7, DAYS_OF_WEEK);

  private static final Pattern ELEMENT =
      Pattern.compile("(?:(\\*)|(\\w{1,3})(?:-(\\w{1,3}))?)(?:/(\\d{1,3}))?");

  private UnixCron() {}

  /**
   * The expression of six fields that comes at the same times.
   *
   * @param fields minute, hour, day of month, month, day of week
   * @throws IllegalArgumentException if a field is wrong, or there is no such expression; the message names the field
   */
  static String toQuartz(List<String> fields) {
    String minute = MINUTE.list(fields.get(0));
    String hour = HOUR.list(fields.get(1));
    String month = MONTH.list(fields.get(3));
    String dayOfMonth = DAY_OF_MONTH.list(fields.get(2));
    String dayOfWeek = daysOfWeek(fields.get(4));
    if (fields.get(4).equals("*")) {
      dayOfWeek = "?";
    } else if (fields.get(2).equals("*")) {
      dayOfMonth = "?";
    } else {
      throw new IllegalArgumentException(
          "both day of month ("
              + fields.get(2)
              + ") and day of week ("
              + fields.get(4)
              + ") are restricted; leave one of them *");
    }
    return String.join(" ", "0", minute, hour, dayOfMonth, month, dayOfWeek);
  }

  private static String daysOfWeek(String text) {
    SortedSet<Integer> days = new TreeSet<>();
    for (int day : DAY_OF_WEEK.values(text)) {
      days.add(day % DAYS_OF_WEEK.size());
    }
    return days.stream().map(DAYS_OF_WEEK::get).collect(Collectors.joining(","));
  }

  private record Field(String name, int least, int most, List<String> words) {
    /** The field in a form that means the same to Quartz: as it was if that does, else the numbers one by one. */
    String list(String text) {
      SortedSet<Integer> values = values(text);
      if (values.size() > most - least) {
        return "*";
      }
      return text.matches("\\d+(?:-\\d+)?|\\*/\\d+")
          ? text
          : values.stream().map(String::valueOf).collect(Collectors.joining(","));
    }

    SortedSet<Integer> values(String text) {
      SortedSet<Integer> values = new TreeSet<>();
      for (String element : text.split(",", -1)) {
        addElement(element, values);
      }
      return values;
    }

    private void addElement(String element, SortedSet<Integer> values) {
      Matcher parts = ELEMENT.matcher(element);
      if (!parts.matches()) {
        throw refusal("is not understood");
      }
      boolean all = parts.group(1) != null;
      boolean range = parts.group(3) != null;
      boolean stepped = parts.group(4) != null;
      int first = all ? least : number(parts.group(2));
      int last = all ? most : range ? number(parts.group(3)) : first;
      int step = stepped ? Integer.parseInt(parts.group(4)) : 1;
      if (last < first) {
        throw refusal(element + " ends before it begins");
      }
      if (stepped && !all && !range) {
        throw refusal(
            element + " has a step without a range; write " + first + "-" + most + "/" + step);
      }
      if (step < 1 || step > most) {
        throw refusal("the step of " + element + " is not in 1 to " + most);
      }
      for (int value = first; value <= last; value += step) {
        values.add(value);
      }
    }

    private int number(String text) {
      int word = words.indexOf(text.toUpperCase(Locale.ROOT));
      if (word >= 0) {
        return word + least;
      }
      if (!text.chars().allMatch(Character::isDigit)) {
        throw refusal(text + " is not known");
      }
      int number = Integer.parseInt(text);
      if (number < least || number > most) {
        throw refusal(text + " is not in " + least + " to " + most);
      }
      return number;
    }

    private IllegalArgumentException refusal(String why) {
      return new IllegalArgumentException("the field " + name + ": " + why);
    }
  }
}
