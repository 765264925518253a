package io.repackd.cli;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The arguments of a command that stands in for one of git's, read as git reads those of its own: {@code --name=VALUE} or {@code
 * --name VALUE}, any beginning of a name that no other option has, {@code --no-name} to take back, the last one counts, and
 * {@code --} ends the options. Source: gitcli.
 *
 * <p>Not left to picocli. Its classes are of Java 5, and the JVM keeps none such in a start-up cache: loading them would take
 * longer than git takes for the whole command.
 */
final class GitArguments {
  /**
   * An option that a command knows.
   *
   * @param name without the dashes
   * @param takesValue whether a value follows
   * @param negatable whether {@code --no-name} takes it back
   */
  record Option(String name, boolean takesValue, boolean negatable) {
    static Option flag(String name) {
      return new Option(name, false, true);
    }

    static Option value(String name) {
      return new Option(name, true, true);
    }
  }

  /** By the name of the option. The hash of a record is made by code that is first made itself, which takes its time. */
  private final Map<String, Optional<String>> given = new HashMap<>();

  private final List<String> words = new ArrayList<>();
  private boolean help;

  private GitArguments() {}

  /**
   * Reads all arguments.
   *
   * @throws UsageException if there is an option that is not known, has no value or has one too many
   */
  static GitArguments parse(List<Option> known, List<String> arguments) throws UsageException {
    return parse(known, arguments, false);
  }

  /** Reads the options before the first word. That word and what follows it, options or not, are left as words. */
  static GitArguments parseToFirstWord(List<Option> known, List<String> arguments)
      throws UsageException {
    return parse(known, arguments, true);
  }

  private static GitArguments parse(List<Option> known, List<String> arguments, boolean endsAtWord)
      throws UsageException {
    GitArguments parsed = new GitArguments();
    int next = 0;
    while (next < arguments.size()) {
      String argument = arguments.get(next++);
      if (argument.equals("--")) {
        parsed.words.addAll(arguments.subList(next, arguments.size()));
        break;
      } else if (argument.equals("-h") || argument.equals("--help")) {
        parsed.help = true;
      } else if (argument.startsWith("--")) {
        next +=
            parsed.option(known, argument.substring(2), arguments.subList(next, arguments.size()));
      } else if (argument.startsWith("-") && argument.length() > 1) {
        throw new UsageException("unknown switch: " + argument);
      } else if (endsAtWord) {
        parsed.words.addAll(arguments.subList(next - 1, arguments.size()));
        break;
      } else {
        parsed.words.add(argument);
      }
    }
    return parsed;
  }

  /** Takes an option; returns how many of the following arguments belong to it. */
  private int option(List<Option> known, String written, List<String> following)
      throws UsageException {
    int equals = written.indexOf('=');
    String name = equals < 0 ? written : written.substring(0, equals);
    boolean negated = name.startsWith("no-");
    Option option = find(known, negated ? name.substring("no-".length()) : name, negated);
    if (negated || !option.takesValue()) {
      if (equals >= 0) {
        throw new UsageException("option --%s takes no value".formatted(name));
      }
      given.put(option.name(), negated ? Optional.empty() : Optional.of(""));
      return 0;
    }
    if (equals < 0 && following.isEmpty()) {
      throw new UsageException("option --%s needs a value".formatted(option.name()));
    }
    given.put(
        option.name(),
        Optional.of(equals < 0 ? following.getFirst() : written.substring(equals + 1)));
    return equals < 0 ? 1 : 0;
  }

  private static Option find(List<Option> known, String name, boolean negated)
      throws UsageException {
    String asWritten = (negated ? "--no-" : "--") + name;
    List<Option> matching = new ArrayList<>();
    for (Option option : known) {
      if (!negated || option.negatable()) {
        if (option.name().equals(name)) {
          return option;
        }
        if (!name.isEmpty() && option.name().startsWith(name)) {
          matching.add(option);
        }
      }
    }
    if (matching.size() > 1) {
      throw new UsageException(
          "ambiguous option: %s could be --%s or --%s"
              .formatted(asWritten, matching.get(0).name(), matching.get(1).name()));
    }
    if (matching.isEmpty()) {
      throw new UsageException("unknown option: " + asWritten);
    }
    return matching.getFirst();
  }

  /** Takes over what was given before, where nothing was given here. */
  GitArguments after(GitArguments before) {
    before.given.forEach(given::putIfAbsent);
    return this;
  }

  /** Whether help was asked for. */
  boolean help() {
    return help;
  }

  /** What is no option. */
  List<String> words() {
    return words;
  }

  /** Whether an option was given and not taken back. */
  boolean has(Option option) {
    return value(option).isPresent();
  }

  /** Whether an option was given or taken back, and not left to its default. */
  boolean decides(Option option) {
    return given.containsKey(option.name());
  }

  /** The value that was given last, and not taken back. */
  Optional<String> value(Option option) {
    return given.getOrDefault(option.name(), Optional.empty());
  }

  /**
   * Reads a number as git reads sizes: decimal, octal after a 0 or hexadecimal after 0x, and k, m or g for a multiple of 1024.
   *
   * @return at most 2^63 - 1: what is larger, up to the 64 bits that git takes, makes no difference
   * @throws UsageException if it is no such number
   */
  static long magnitude(Option option, String text) throws UsageException {
    String digits = text.stripLeading();
    int shift =
        digits.isEmpty()
            ? 0
            : 10 * ("kmg".indexOf(Character.toLowerCase(digits.charAt(digits.length() - 1))) + 1);
    digits = shift == 0 ? digits : digits.substring(0, digits.length() - 1);
    digits = digits.startsWith("+") ? digits.substring(1) : digits;
    try {
      long number = parse(digits);
      if (Long.compareUnsigned(number, -1L >>> shift) <= 0) {
        long bytes = number << shift;
        return bytes < 0 ? Long.MAX_VALUE : bytes;
      }
    } catch (NumberFormatException e) {
      // falls through to the complaint, which quotes the text
    }
    throw new UsageException(
        "option --%s takes a number from 0, which may end in k, m or g, and not '%s'"
            .formatted(option.name(), text));
  }

  private static long parse(String digits) {
    if (digits.startsWith("+") || digits.startsWith("-")) {
      throw new NumberFormatException("two signs");
    }
    if (digits.startsWith("0x") || digits.startsWith("0X")) {
      return Long.parseUnsignedLong(digits.substring(2), 16);
    }
    return Long.parseUnsignedLong(digits, digits.startsWith("0") ? 8 : 10);
  }
}
