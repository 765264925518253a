package io.repackd.objectdir;

import io.repackd.platform.ProcessStamp;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * The file by which {@code git gc} keeps a second one away: {@code gc.pid} in the common git directory, with process id and host.
 *
 * <p>By git's own rule it counts for twelve hours, and then only while the process lives or is on another host.
 */
public final class GcPid {
  private static final Duration VALID = Duration.ofHours(12);

  private GcPid() {}

  /**
   * Who holds it, in words.
   *
   * @param now what its age is measured against
   * @return empty if nobody does
   */
  public static Optional<String> holder(ObjectDirectory directory, Instant now) throws IOException {
    Optional<Path> common = directory.location().commonDirectory();
    if (common.isEmpty()) {
      return Optional.empty();
    }
    Path file = common.get().resolve("gc.pid");
    try {
      FileStamp stamp = FileStamp.of(file);
      if (Duration.between(stamp.modified(), now).compareTo(VALID) > 0) {
        return Optional.empty();
      }
      return holder(Files.readString(file).strip());
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  private static Optional<String> holder(String content) {
    String[] words = content.split(" ", 2);
    try {
      long pid = Long.parseLong(words[0]);
      String host = words.length > 1 ? words[1].strip() : "";
      // The kernel's name, as git has it: a name service may know another, or none.
      boolean elsewhere = !host.equals(ProcessStamp.own().host());
      return elsewhere || ProcessHandle.of(pid).isPresent()
          ? Optional.of("git gc (pid %d on %s)".formatted(pid, host))
          : Optional.empty();
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }
}
