package io.repackd.config;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A configuration cannot be used. Holds everything that is wrong with it, not only the first thing.
 *
 * <p>The message has one line for each complaint.
 */
public final class ConfigurationException extends Exception {
  private static final long serialVersionUID = 1;

  private final transient List<Complaint> complaints;

  private final transient List<Path> files;

  /**
   * An error with at least one complaint.
   *
   * @param files as in {@link Configuration#files}
   */
  public ConfigurationException(List<Complaint> complaints, List<Path> files) {
    super(complaints.stream().map(Complaint::toString).collect(Collectors.joining("\n")));
    this.complaints = List.copyOf(complaints);
    this.files = List.copyOf(files);
  }

  /** What is wrong, by file and line. */
  public List<Complaint> complaints() {
    return complaints;
  }

  /** The files to watch for a correction, as in {@link Configuration#files}. */
  public List<Path> files() {
    return files;
  }
}
