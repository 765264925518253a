package io.repackd.config;

import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What a value of the configuration has to look like.
 *
 * @param <T> what it is read as
 * @param expected the words after "give"
 * @param types the types of HOCON that it can be written as; a string always, for that is what an environment variable is
 * @param reader reads its text; throws {@link IllegalArgumentException} with a message for a person, which begins with the
 *     text
 */
record Form<T>(String expected, Set<ConfigValueType> types, Function<String, T> reader) {
  private static final Set<ConfigValueType> TEXT = Set.of(ConfigValueType.STRING);

  private static final Set<ConfigValueType> NUMBER =
      Set.of(ConfigValueType.STRING, ConfigValueType.NUMBER);

  static final Form<Boolean> BOOLEAN =
      new Form<>(
          "true or false", Set.of(ConfigValueType.STRING, ConfigValueType.BOOLEAN), Form::truth);

  static final Form<Schedule> SCHEDULE =
      new Form<>("a schedule such as hourly", TEXT, ScheduleText::parse);

  static final Form<InetSocketAddress> LISTEN =
      new Form<>("an address such as 127.0.0.1:9842", TEXT, ListenAddress::parse);

  static <T> Form<T> text(String expected, Function<String, T> reader) {
    return new Form<>(expected, TEXT, reader);
  }

  static Form<Duration> duration(Duration least, Duration most) {
    return new Form<>(
        "a duration such as 1h", NUMBER, text -> Quantity.duration(text, least, most));
  }

  static Form<Long> bytes(long least, long most) {
    return new Form<>("a size such as 1 GiB", NUMBER, text -> Quantity.bytes(text, least, most));
  }

  static Form<Integer> number(int least, int most) {
    String expected = "a number from " + least + " to " + most;
    return new Form<>(expected, NUMBER, text -> number(text, least, most, expected));
  }

  static <E extends Enum<E>> Form<E> oneOf(Class<E> type) {
    String expected =
        Arrays.stream(type.getEnumConstants()).map(Form::word).collect(Collectors.joining(" or "));
    return new Form<>(expected, TEXT, text -> constant(type, text, expected));
  }

  /** The same form, read as something else. */
  <S> Form<S> as(Function<T, S> meaning) {
    return new Form<>(expected, types, reader.andThen(meaning));
  }

  /** Something of this form, or a word that stands for {@code special}. */
  Form<T> orWord(String word, T special) {
    return new Form<>(
        word + " or " + expected, types, text -> text.equals(word) ? special : reader.apply(text));
  }

  /**
   * Reads a value.
   *
   * @throws IllegalArgumentException if it has another form; the message says what to give instead
   */
  T read(ConfigValue value) {
    if (!types.contains(value.valueType())) {
      throw new IllegalArgumentException(shown(value) + "; give " + expected);
    }
    String text =
        value.valueType() == ConfigValueType.STRING
            ? value.unwrapped().toString().strip()
            : value.render();
    if (text.isEmpty()) {
      throw new IllegalArgumentException("is empty; give " + expected);
    }
    return reader.apply(text);
  }

  private static String shown(ConfigValue value) {
    return switch (value.valueType()) {
      case LIST -> "a list is not possible";
      case OBJECT -> "a group of settings is not possible";
      default -> value.render() + " is not possible";
    };
  }

  private static boolean truth(String text) {
    return switch (text) {
      case "true", "yes", "on" -> true;
      case "false", "no", "off" -> false;
      default -> throw new IllegalArgumentException(text + " is neither true nor false");
    };
  }

  private static int number(String text, int least, int most, String expected) {
    if (!text.matches("-?\\d{1,18}")) {
      throw new IllegalArgumentException(text + " is no whole number; give " + expected);
    }
    long number = Long.parseLong(text);
    if (number < least || number > most) {
      throw new IllegalArgumentException(text + " is out of range; give " + expected);
    }
    return (int) number;
  }

  private static <E extends Enum<E>> E constant(Class<E> type, String text, String expected) {
    return Arrays.stream(type.getEnumConstants())
        .filter(constant -> word(constant).equals(text.toLowerCase(Locale.ROOT)))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException(text + " is not known; give " + expected));
  }

  private static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
