package io.repackd.objectdir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/**
 * The permissions of published files: the umask's, changed as {@code core.sharedRepository} says.
 *
 * <p>Source: git-config, {@code core.sharedRepository}. Packs and their sidecars are read-only for everybody.
 *
 * @param bits permission bits that are added to the umask's, or that replace them
 * @param replace whether they replace: the key had an octal number
 */
public record SharedPermissions(int bits, boolean replace) {
  /** What the umask says. */
  public static final SharedPermissions UMASK = new SharedPermissions(0, false);

  private static final int ALL_WRITE = 0222;
  private static final int ALL_READ = 0444;
  private static final int ALL_BITS = 0777;
  private static final int GROUP = 0660;
  private static final int EVERYBODY = 0664;

  /**
   * Reads the value of {@code core.sharedRepository}.
   *
   * @throws ObjectDirectoryException if git would not understand it; the message names no file
   */
  static SharedPermissions parse(String value) throws ObjectDirectoryException {
    return switch (value.toLowerCase(Locale.ROOT)) {
      case "", "umask", "false", "no", "off", "0" -> UMASK;
      case "group", "true", "yes", "on", "1" -> new SharedPermissions(GROUP, false);
      case "all", "world", "everybody", "2" -> new SharedPermissions(EVERYBODY, false);
      default -> parseOctal(value);
    };
  }

  private static SharedPermissions parseOctal(String value) throws ObjectDirectoryException {
    try {
      int bits = Integer.parseInt(value, 8);
      if (bits >= 0 && bits <= ALL_BITS && (bits & 0600) == 0600) {
        return new SharedPermissions(bits & 0666, true);
      }
    } catch (NumberFormatException e) {
      // falls through to the complaint, which quotes the value
    }
    throw new ObjectDirectoryException("%s is no permission that git accepts".formatted(value));
  }

  /** The mode bits which may at most allow to read a file, by the word of whoever owns the repository. */
  public int mostReaders() {
    return replace ? bits & ALL_READ : ALL_READ;
  }

  /**
   * What a read-only file may be given in addition, because it discloses nothing: the umask is that of whoever happens to run this,
   * and if it was tight, fewer people could read the new file than what it is made of, which then had to stay for them. An octal
   * number was chosen for this repository; nothing is added to that.
   *
   * @param file a file just made, with the umask's permissions
   * @return mode bits
   */
  int grantable(Path file, ReadAccess.Sources sources) throws IOException {
    int mode = toBits(Files.getPosixFilePermissions(file)) | bits;
    if (replace || (mode & ALL_READ) == ALL_READ) {
      return 0;
    }
    return sources.access().grantable((int) Files.getAttribute(file, "unix:gid"));
  }

  /**
   * Gives a file the permissions it is published with.
   *
   * @param file a file just made, with the umask's permissions
   * @param readOnly whether nobody may write it, as with packs
   * @param granted what {@link #grantable} said, or 0
   */
  void apply(Path file, boolean readOnly, int granted) throws IOException {
    int mode = toBits(Files.getPosixFilePermissions(file));
    if (readOnly) {
      mode &= ~ALL_WRITE;
    }
    int added = readOnly ? bits & ~ALL_WRITE : bits;
    int wanted = replace ? added : mode | added | granted;
    Files.setPosixFilePermissions(file, fromBits(wanted));
  }

  private static int toBits(Set<PosixFilePermission> permissions) {
    int mode = 0;
    for (PosixFilePermission permission : permissions) {
      mode |= bit(permission);
    }
    return mode;
  }

  private static Set<PosixFilePermission> fromBits(int mode) {
    Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
    for (PosixFilePermission permission : PosixFilePermission.values()) {
      if ((mode & bit(permission)) != 0) {
        permissions.add(permission);
      }
    }
    return permissions;
  }

  /** The constants stand in the order of the bits, from the owner's read (0400) to the others' execute (0001). */
  private static int bit(PosixFilePermission permission) {
    return 0400 >> permission.ordinal();
  }
}
