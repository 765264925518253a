package io.repackd.objectdir;

import io.repackd.platform.Reason;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** Maps a whole file for reading, of any size. */
public final class MappedFile {
  private MappedFile() {}

  /**
   * Maps a file. The descriptor is closed again; the mapping lives until the arena is closed.
   *
   * @param path the file
   * @param arena ends the mapping; if other threads are to read it, a shared one
   * @throws ObjectDirectoryException if the file cannot be opened; the message names it
   */
  public static MemorySegment map(Path path, Arena arena) throws IOException {
    try (FileChannel channel = RegularFile.open(path)) {
      // As a plain native segment: where segments of several classes are read in one place, the
      // compiler does not inline the access, and a walk through a table takes five times as long.
      return channel
          .map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena)
          .reinterpret(arena, null);
    } catch (IOException e) {
      throw new ObjectDirectoryException("cannot map %s: %s".formatted(path, Reason.of(e)), e);
    }
  }
}
