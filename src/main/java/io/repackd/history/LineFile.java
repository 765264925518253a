package io.repackd.history;

import io.repackd.objectdir.FilePublisher;
import io.repackd.objectdir.SharedPermissions;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * A file of lines to which several processes append, and which is now and then replaced by a shorter one.
 *
 * <p>Writers hold the lock of a file beside it, for without that an append could go to the file that is just being replaced.
 * A line is written in one call and whole, so readers need no lock: they see it, or a beginning of it without a line feed. Such
 * a beginning is also what a crash leaves; the next append closes it, and a reader passes over it.
 */
final class LineFile {
  /** A cycle takes about 2 KiB. Bounds what a damaged file makes a reader hold. */
  static final int MAX_LINE_BYTES = 1 << 20;

  private static final long LOCK_RETRY_NANOS = 1_000_000;

  private final Path directory;
  private final Path file;

  /**
   * A file.
   *
   * @param directory made if it is missing
   */
  LineFile(Path directory, String name) {
    this.directory = directory;
    this.file = directory.resolve(name);
  }

  /** What is done while no other writer is at work. */
  @FunctionalInterface
  interface Work {
    void run() throws IOException;
  }

  Path path() {
    return file;
  }

  /** Runs something while no other process and no other thread writes. Makes the directory if it is missing. */
  void exclusively(Work work) throws IOException {
    Files.createDirectories(directory);
    Path lockFile = file.resolveSibling(file.getFileName() + ".lock");
    try (FileChannel channel =
            FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock _ = lock(channel)) {
      work.run();
    }
  }

  /** Appends a line and waits until it is on the disk. Only within {@link #exclusively}. */
  void append(String line) throws IOException {
    String text = (endsTorn() ? "\n" : "") + line + "\n";
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
      writeAll(channel, text);
      channel.force(false);
    }
  }

  /** Replaces the whole content, so that after a crash there is the old or the new one. Only within {@link #exclusively}. */
  void replace(List<String> lines) throws IOException {
    FilePublisher publisher = new FilePublisher(directory, SharedPermissions.UMASK);
    try (FilePublisher.Unpublished shorter = publisher.create("history")) {
      for (String line : lines) {
        shorter.write(line + "\n");
      }
      shorter.sync();
      shorter.publishWritable(String.valueOf(file.getFileName()));
    }
    publisher.syncDirectory();
  }

  /**
   * Reads the whole lines from an offset on. One that is too long is passed over.
   *
   * @return the offset after the last whole line; 0 if there is no file
   */
  long read(long offset, Consumer<String> lines) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      channel.position(offset);
      return read(
          offset, new BufferedInputStream(Channels.newInputStream(channel), 1 << 16), lines);
    } catch (NoSuchFileException e) {
      return 0;
    }
  }

  private static long read(long offset, InputStream stream, Consumer<String> lines)
      throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    long position = offset;
    long end = offset;
    for (int b = stream.read(); b >= 0; b = stream.read()) {
      position++;
      if (b != '\n') {
        if (line.size() <= MAX_LINE_BYTES) {
          line.write(b);
        }
        continue;
      }
      if (line.size() <= MAX_LINE_BYTES) {
        lines.accept(line.toString(StandardCharsets.UTF_8));
      }
      line.reset();
      end = position;
    }
    return end;
  }

  private boolean endsTorn() throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      ByteBuffer last = ByteBuffer.allocate(1);
      return size > 0 && channel.read(last, size - 1) == 1 && last.get(0) != '\n';
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private static void writeAll(FileChannel channel, String text) throws IOException {
    ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /** Java refuses a second lock on a file within one process instead of waiting for the first. */
  private static FileLock lock(FileChannel channel) throws IOException {
    while (true) {
      try {
        return channel.lock();
      } catch (OverlappingFileLockException e) {
        LockSupport.parkNanos(LOCK_RETRY_NANOS);
      }
    }
  }
}
