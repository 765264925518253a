package io.repackd.config;

import com.typesafe.config.ConfigException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** An include statement that cannot be followed. The parser does not say where it stands, so it is looked for. */
final class IncludeException extends ConfigException {
  private static final long serialVersionUID = 1;

  private final transient Path file;
  private final int line;

  IncludeException(Path file, String what, String why) {
    super("include " + what + ": " + why);
    this.file = file;
    this.line = line(file, what);
  }

  Path file() {
    return file;
  }

  int line() {
    return line;
  }

  private static int line(Path file, String what) {
    try {
      List<String> lines = HoconFile.text(file).lines().toList();
      for (int i = 0; i < lines.size(); i++) {
        if (lines.get(i).contains("include") && lines.get(i).contains(what)) {
          return i + 1;
        }
      }
    } catch (IOException e) {
      return Complaint.NO_LINE;
    }
    return Complaint.NO_LINE;
  }
}
