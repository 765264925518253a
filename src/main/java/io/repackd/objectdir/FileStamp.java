package io.repackd.objectdir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * One file as it was when it was looked at. What is deleted later is this file and no other that has come by its name.
 *
 * @param path its path
 * @param device the device it lies on
 * @param inode its number there
 * @param bytes its size
 * @param modified when its content last changed
 */
public record FileStamp(Path path, long device, long inode, long bytes, Instant modified) {
  /**
   * Looks at a file, without following a symbolic link.
   *
   * @throws NoSuchFileException if it is not there
   * @throws ObjectDirectoryException if it is no regular file
   */
  public static FileStamp of(Path path) throws IOException {
    Map<String, Object> attributes =
        Files.readAttributes(
            path, "unix:dev,ino,size,lastModifiedTime,isRegularFile", LinkOption.NOFOLLOW_LINKS);
    if (attributes.get("isRegularFile") instanceof Boolean regular
        && regular
        && attributes.get("dev") instanceof Long device
        && attributes.get("ino") instanceof Long inode
        && attributes.get("size") instanceof Long bytes
        && attributes.get("lastModifiedTime") instanceof FileTime modified) {
      return new FileStamp(path, device, inode, bytes, modified.toInstant());
    }
    throw new ObjectDirectoryException("refusing %s: not a regular file".formatted(path));
  }

  /** Looks at a file which need not be there. */
  public static Optional<FileStamp> find(Path path) throws IOException {
    try {
      return Optional.of(of(path));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  /** Whether the file is there and still the one that was looked at. */
  public boolean unchanged() throws IOException {
    return find(path).filter(this::equals).isPresent();
  }

  /** Whether the file is there and of the same length; its time may be another. */
  public boolean sameFile() throws IOException {
    return find(path)
        .filter(now -> now.device == device && now.inode == inode && now.bytes == bytes)
        .isPresent();
  }

  /** Whether another look saw the same file unchanged, under whatever name. */
  public boolean sameFileAs(FileStamp other) {
    return device == other.device
        && inode == other.inode
        && bytes == other.bytes
        && modified.equals(other.modified);
  }

  /**
   * The modification time in whole seconds, which is what git compares.
   *
   * @return seconds since 1970
   */
  public long modifiedSeconds() {
    return modified.getEpochSecond();
  }

  // Written out: what a record has by itself is made when it is first used, which takes longer
  // than a short command can spare.
  @Override
  public boolean equals(Object other) {
    return other instanceof FileStamp stamp
        && device == stamp.device
        && inode == stamp.inode
        && bytes == stamp.bytes
        && modified.equals(stamp.modified)
        && path.equals(stamp.path);
  }

  @Override
  public int hashCode() {
    return Objects.hash(path, device, inode, bytes, modified);
  }

  /** The file's name. */
  public String name() {
    return String.valueOf(path.getFileName());
  }
}
