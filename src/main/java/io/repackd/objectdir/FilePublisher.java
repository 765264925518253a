package io.repackd.objectdir;

import io.repackd.platform.DirectorySync;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;

/**
 * The one way in which a file comes into a directory: written under a temporary name, synchronised, given its permissions,
 * renamed; and the directory synchronised before anybody relies on it.
 *
 * <p>Temporary names begin with {@code tmp_}, so that {@code git gc} sweeps up what a crash leaves, and end in neither
 * {@code .pack} nor {@code .idx}, so that nobody takes them for a pack.
 */
public final class FilePublisher {
  private final Path directory;
  private final SharedPermissions permissions;

  /**
   * A publisher.
   *
   * @param directory where the files come to be
   * @param permissions what they may be used for, and by whom
   */
  public FilePublisher(Path directory, SharedPermissions permissions) {
    this.directory = directory;
    this.permissions = permissions;
  }

  /**
   * Opens a new temporary file.
   *
   * @param kind what it is to be, such as {@code pack}: part of the name
   */
  public Unpublished create(String kind) throws IOException {
    Files.createDirectories(directory);
    Path file = directory.resolve("tmp_" + kind + "_" + TemporaryName.unique());
    TemporaryName.begin(file);
    try {
      return new Unpublished(
          file,
          new NamedChannel(
              file,
              FileChannel.open(
                  file,
                  StandardOpenOption.READ,
                  StandardOpenOption.WRITE,
                  StandardOpenOption.CREATE_NEW)));
    } catch (IOException | RuntimeException | Error e) {
      TemporaryName.end(file);
      throw e;
    }
  }

  /**
   * Gives a temporary file, which somebody wrote and synchronised and did not come to publish, its name. It becomes
   * read-only.
   */
  public void adopt(Path temporary, String name) throws IOException {
    publish(temporary, name, true, 0);
  }

  /**
   * The same for one which may be read by whoever may read what it is made of.
   *
   * @param sources what it is made of
   */
  public void adopt(Path temporary, String name, ReadAccess.Sources sources) throws IOException {
    publish(temporary, name, true, permissions.grantable(temporary, sources));
  }

  private void publish(Path file, String name, boolean readOnly, int granted) throws IOException {
    permissions.apply(file, readOnly, granted);
    Files.move(file, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
  }

  /**
   * Removes the temporary files that processes did not come to publish before they died.
   *
   * @param kind what they were to be
   */
  public void removeAbandoned(String kind) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "tmp_" + kind + "_*")) {
      for (Path file : files) {
        if (!TemporaryName.beingWritten(file)) {
          Files.deleteIfExists(file);
        }
      }
    } catch (NoSuchFileException e) {
      // nothing was ever written there
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
  }

  /** Makes the renames so far durable. */
  public void syncDirectory() throws IOException {
    DirectorySync.sync(directory);
  }

  /** A file that is being written. Closing it before it was published removes it. */
  public final class Unpublished implements AutoCloseable {
    private final Path file;
    private final FileChannel channel;
    private boolean published;
    private int granted;

    private Unpublished(Path file, FileChannel channel) {
      this.file = file;
      this.channel = channel;
    }

    /** To write it with, and read back. */
    public FileChannel channel() {
      return channel;
    }

    /** Where it lies for the time being. */
    public Path file() {
      return file;
    }

    /** Writes text at the end of what was written so far. */
    public void write(String text) throws IOException {
      ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    }

    /** Writes its content, and what is known of the file, through to the disk. */
    public void sync() throws IOException {
      if (channel.isOpen()) {
        channel.force(true);
        return;
      }
      try (FileChannel again = FileChannel.open(file, StandardOpenOption.WRITE)) {
        again.force(true);
      }
    }

    /** Synchronises it and closes its channel, so that any number of files can wait to be published. */
    public void seal() throws IOException {
      sync();
      channel.close();
    }

    /** Sets its modification time, which moves to the published file with it. */
    public void setModified(Instant time) throws IOException {
      Files.setLastModifiedTime(file, FileTime.from(time));
    }

    /**
     * Has it read, once it is published read-only, by whoever may read what it is made of: {@link SharedPermissions#grantable}.
     *
     * @param sources what it is made of; asked at once, if it matters
     */
    public void grant(ReadAccess.Sources sources) throws IOException {
      granted = permissions.grantable(file, sources);
    }

    /**
     * Gives a read-only file its name. The content must have been synchronised before.
     *
     * @throws NoSuchFileException if somebody swept the temporary file away: nothing is published
     */
    public void publishReadOnly(String name) throws IOException {
      FilePublisher.this.publish(file, name, true, granted);
      published = true;
    }

    /** Gives a file its name which its owner may replace, such as the multi-pack-index. */
    public void publishWritable(String name) throws IOException {
      FilePublisher.this.publish(file, name, false, 0);
      published = true;
    }

    /**
     * Gives a read-only file its name if nothing has that name.
     *
     * @return the file that has it now
     * @throws java.nio.file.FileAlreadyExistsException if something has it
     */
    public FileStamp publishIfAbsent(String name) throws IOException {
      permissions.apply(file, true, granted);
      // What was renamed would replace what is there; closing removes the temporary name.
      return FileStamp.of(Files.createLink(directory.resolve(name), file));
    }

    @Override
    public void close() throws IOException {
      try {
        channel.close();
        if (!published) {
          Files.deleteIfExists(file);
        }
      } finally {
        TemporaryName.end(file);
      }
    }
  }
}
