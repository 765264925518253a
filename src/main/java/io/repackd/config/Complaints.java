package io.repackd.config;

import com.typesafe.config.ConfigOrigin;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Collects what is wrong during one load. The same complaint counts once. */
final class Complaints {
  private static final Comparator<Complaint> BY_PLACE =
      Comparator.comparing(Complaint::file).thenComparingInt(Complaint::line);

  private final Set<Complaint> complaints = new LinkedHashSet<>();

  void add(ConfigOrigin origin, String message) {
    add(Origins.file(origin), Math.max(origin.lineNumber(), Complaint.NO_LINE), message);
  }

  void add(Path file, String message) {
    add(file.toString(), Complaint.NO_LINE, message);
  }

  void add(String file, int line, String message) {
    complaints.add(new Complaint(file, line, oneLine(message)));
  }

  /** Ends the load of these files if there is anything to complain about. */
  void throwIfAny(Collection<Path> files) throws ConfigurationException {
    if (!complaints.isEmpty()) {
      throw new ConfigurationException(
          complaints.stream().sorted(BY_PLACE).toList(), List.copyOf(files));
    }
  }

  /** A value can hold anything, also what moves the cursor of a terminal. */
  private static String oneLine(String message) {
    return message.replaceAll("\\p{Cntrl}+", " ");
  }
}
