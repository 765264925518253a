package io.repackd.objectdir;

import java.util.Locale;
import java.util.Optional;

/**
 * Reads the text of a git configuration file, entry by entry. Source: git-config, "Syntax".
 *
 * <p>Written here, although JGit has one: JGit's jar is signed, and to check that takes longer than all else that a short command
 * does.
 */
final class GitConfigurationParser {
  /** Takes the entries, in the order of the file. */
  interface Entries {
    /**
     * One entry.
     *
     * @param section in lower case
     * @param subsection empty if there is none
     * @param name in lower case
     * @param value empty if there is not even an equals sign, which stands for true
     */
    void add(String section, Optional<String> subsection, String name, Optional<String> value)
        throws ObjectDirectoryException;
  }

  /** What comes after the last character. */
  private static final char END = '\0';

  private final String text;
  private final Entries entries;
  private int at;

  private String section = "";
  private Optional<String> subsection = Optional.empty();

  private GitConfigurationParser(String text, Entries entries) {
    // Line ends of another system count as ours.
    this.text = text.replace("\r\n", "\n");
    this.entries = entries;
  }

  /**
   * Reads a text.
   *
   * @throws ObjectDirectoryException if it is malformed; the message says in which line, and not of which file
   */
  static void parse(String text, Entries entries) throws ObjectDirectoryException {
    GitConfigurationParser parser = new GitConfigurationParser(text, entries);
    if (text.startsWith("\ufeff")) {
      parser.at = 1;
    }
    parser.parse();
  }

  private void parse() throws ObjectDirectoryException {
    while (at < text.length()) {
      char next = peek();
      if (next == '\n' || isBlank(next)) {
        at++;
      } else if (next == '#' || next == ';') {
        skipLine();
      } else if (next == '[') {
        at++;
        parseSection();
      } else if (isLetter(next)) {
        parseEntry();
      } else {
        throw malformed("neither a section nor a name");
      }
    }
  }

  private void parseSection() throws ObjectDirectoryException {
    int start = at;
    while (isLetter(peek()) || isDigit(peek()) || peek() == '-' || peek() == '.') {
      at++;
    }
    String name = lowerCase(text.substring(start, at));
    subsection = Optional.empty();
    if (isBlank(peek())) {
      while (isBlank(peek())) {
        at++;
      }
      subsection = Optional.of(parseSubsection());
    } else if (name.indexOf('.') >= 0) {
      // The old form, [section.subsection].
      subsection = Optional.of(name.substring(name.indexOf('.') + 1));
      name = name.substring(0, name.indexOf('.'));
    }
    if (peek() != ']' || (name.isEmpty() && subsection.isEmpty())) {
      throw malformed("a section that does not end, or has no name");
    }
    at++;
    section = name;
  }

  private String parseSubsection() throws ObjectDirectoryException {
    if (peek() != '"') {
      throw malformed("a subsection without quotes");
    }
    at++;
    StringBuilder name = new StringBuilder();
    while (peek() != '"') {
      if (peek() == '\\') {
        at++;
      }
      if (at >= text.length() || peek() == '\n') {
        throw malformed("a subsection that does not end");
      }
      name.append(text.charAt(at++));
    }
    at++;
    return name.toString();
  }

  private void parseEntry() throws ObjectDirectoryException {
    int start = at;
    while (isLetter(peek()) || isDigit(peek()) || peek() == '-') {
      at++;
    }
    String name = lowerCase(text.substring(start, at));
    while (peek() == ' ' || peek() == '\t') {
      at++;
    }
    Optional<String> value = Optional.empty();
    if (peek() == '=') {
      at++;
      value = Optional.of(parseValue());
    } else if (at < text.length() && peek() != '\n') {
      throw malformed("no equals sign after " + name);
    }
    // What stands before the first section has a name that nobody can ask for.
    if (!section.isEmpty() || subsection.isPresent()) {
      entries.add(section, subsection, name, value);
    }
  }

  /** As git: blanks before the value and after it do not count, but for those that a quote or a continued line follows. */
  private String parseValue() throws ObjectDirectoryException {
    StringBuilder value = new StringBuilder();
    StringBuilder blanks = new StringBuilder(); // part of the value if anything follows
    boolean quoted = false;
    while (at < text.length() && peek() != '\n') {
      char next = text.charAt(at++);
      if (!quoted && isBlank(next)) {
        blanks.append(value.isEmpty() ? "" : next);
      } else if (!quoted && (next == '#' || next == ';')) {
        skipLine();
      } else {
        value.append(blanks);
        blanks.setLength(0);
        switch (next) {
          case '"' -> quoted = !quoted;
          case '\\' -> parseEscape(value);
          default -> value.append(next);
        }
      }
    }
    if (quoted) {
      throw malformed("quotes that are not closed");
    }
    int end = value.indexOf("\0"); // where git ends a string
    return end < 0 ? value.toString() : value.substring(0, end);
  }

  /** Takes what follows a backslash. That may be the end of a line, which is continued by the next. */
  private void parseEscape(StringBuilder value) throws ObjectDirectoryException {
    if (at == text.length()) {
      return; // git takes the end of the text for the end of a line
    }
    char escaped = text.charAt(at);
    switch (escaped) {
      case '\n' -> {}
      case 'n' -> value.append('\n');
      case 't' -> value.append('\t');
      case 'b' -> value.append('\b');
      case '"', '\\' -> value.append(escaped);
      default -> throw malformed("a backslash before what needs none");
    }
    at++;
  }

  private void skipLine() {
    while (at < text.length() && peek() != '\n') {
      at++;
    }
  }

  private char peek() {
    return at < text.length() ? text.charAt(at) : END;
  }

  /** What git takes for a blank: fewer characters than Java does. */
  private static boolean isBlank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
  }

  private static boolean isLetter(char c) {
    return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  private static String lowerCase(String name) {
    return name.toLowerCase(Locale.ROOT);
  }

  private ObjectDirectoryException malformed(String what) {
    long line = 1 + text.chars().limit(at).filter(c -> c == '\n').count();
    return new ObjectDirectoryException("line %d: %s".formatted(line, what));
  }
}
