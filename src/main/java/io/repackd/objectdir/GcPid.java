package io.repackd.objectdir;

import io.repackd.platform.ProcessStamp;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
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

  /** A number, a blank and a host, of which names have 255 bytes at most. */
  private static final int MAX_READ_BYTES = 4096;

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
      return holder(RegularFile.read(file, MAX_READ_BYTES, StandardCharsets.ISO_8859_1).strip());
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
