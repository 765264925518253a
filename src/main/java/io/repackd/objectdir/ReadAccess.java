package io.repackd.objectdir;

import io.repackd.platform.ManyReaders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * Who may read some files, that is all of them, by their owners, groups and mode bits.
 *
 * <p>The superuser may read everything. Whoever owns a file counts as a member of its group, as who has made it mostly is; of others
 * nothing is known, so that any of them may be a member of any groups. Access control lists are not looked at: where there is one,
 * the bits of the group are the most that it grants. Source: path_resolution(7), acl(5).
 *
 * @param files what matters of each file; equal ones are one
 */
public record ReadAccess(Set<FileAccess> files) {
  private static final int OWNER = 0400;
  private static final int GROUP = 0040;
  private static final int OTHERS = 0004;
  private static final int ALL = OWNER | GROUP | OTHERS;

  /** From the bit which allows to search a directory to that which allows to read a file. */
  private static final int SEARCH_TO_READ = 2;

  private static final int SUPERUSER = 0;

  private static final FileAccess NOBODYS = new FileAccess(SUPERUSER, SUPERUSER, 0);

  /** Is nobody's number, because it is the one which chown(2) takes for no change. */
  private static final int STRANGER = -1;

  public ReadAccess {
    files = Set.copyOf(files);
  }

  /**
   * Who may read one file.
   *
   * @param owner a user's number
   * @param group a group's number
   * @param bits those mode bits which allow to read
   */
  public record FileAccess(int owner, int group, int bits) {
    private boolean allows(int user, Set<Integer> groups) {
      if (user == owner) {
        return (bits & OWNER) != 0;
      }
      return (bits & (groups.contains(group) ? GROUP : OTHERS)) != 0;
    }
  }

  /** Knows what a new file is made of. */
  public interface Sources {
    /** Who may read all of it at this moment. Asked only where that matters. */
    ReadAccess access() throws IOException;
  }

  /**
   * Looks at a file, without following a symbolic link.
   *
   * @throws java.nio.file.NoSuchFileException if it is not there
   */
  public static ReadAccess of(Path file) throws IOException {
    return new ReadAccess(Set.of(look(file)));
  }

  /** Looks at a pack: nobody can read it without its index. */
  public static ReadAccess of(StoredPack pack) throws IOException {
    return of(List.of(pack));
  }

  /** Looks at packs. */
  public static ReadAccess of(Collection<StoredPack> packs) throws IOException {
    Set<FileAccess> files = new HashSet<>();
    for (StoredPack pack : packs) {
      files.add(look(pack.data().path()));
      files.add(look(pack.index().path()));
    }
    return new ReadAccess(files);
  }

  /** Looks at loose objects, and at the directories that lead to them. What has gone might have been nobody's. */
  public static ReadAccess of(LooseTable objects) throws IOException {
    Set<FileAccess> files = ConcurrentHashMap.newKeySet();
    Set<Path> directories = ConcurrentHashMap.newKeySet();
    ManyReaders.forEach(
        objects.count(),
        i -> {
          Path object = objects.path(i);
          Path parent =
              objects.directory().resolve(objects.idHex(i).substring(0, LooseTable.FANOUT_DIGITS));
          try {
            files.add(look(object));
            if (directories.add(parent)) {
              files.add(look(parent, SEARCH_TO_READ));
            }
          } catch (NoSuchFileException e) {
            files.add(NOBODYS);
          }
        });
    return new ReadAccess(files);
  }

  private static FileAccess look(Path file) throws IOException {
    return look(file, 0);
  }

  private static FileAccess look(Path file, int shift) throws IOException {
    Map<String, Object> attributes =
        Files.readAttributes(file, "unix:uid,gid,mode", LinkOption.NOFOLLOW_LINKS);
    if (attributes.get("uid") instanceof Integer owner
        && attributes.get("gid") instanceof Integer group
        && attributes.get("mode") instanceof Integer mode) {
      return new FileAccess(owner, group, mode << shift & ALL);
    }
    throw new ObjectDirectoryException("cannot tell who may read %s".formatted(file));
  }

  /** Whether everybody may. */
  public boolean isEverybodys() {
    return files.stream().allMatch(file -> file.bits() == ALL);
  }

  /**
   * Who may read a copy of these files and gets to read nothing by it that was closed to them.
   *
   * @param group the copy's group
   * @return mode bits: those of everybody, that of the group, or none
   */
  public int grantable(int group) {
    if (files.isEmpty()) {
      return 0;
    }
    if (isEverybodys()) {
      return ALL;
    }
    boolean groups =
        files.stream().allMatch(file -> file.group() == group && (file.bits() & GROUP) != 0);
    return groups ? GROUP : 0;
  }

  /**
   * Who of them may read, if no file had other mode bits than some.
   *
   * @param bits such as allow to read
   */
  public ReadAccess limitedTo(int bits) {
    return new ReadAccess(
        files.stream()
            .map(file -> new FileAccess(file.owner(), file.group(), file.bits() & bits))
            .collect(Collectors.toSet()));
  }

  /** Whether whoever may read these files may read the others, too. */
  public boolean isWithin(ReadAccess others) {
    if (equals(others) || others.isEverybodys()) {
      return true;
    }
    Set<Integer> users = new HashSet<>(Set.of(STRANGER));
    Set<Integer> groups = new LinkedHashSet<>();
    for (ReadAccess access : List.of(this, others)) {
      access.files.forEach(file -> {
        users.add(file.owner());
        groups.add(file.group());
      });
    }
    return users.stream().allMatch(user -> isWithin(others, user, List.copyOf(groups)));
  }

  /** Whether it is so for one user, whatever groups that is a member of. */
  private boolean isWithin(ReadAccess others, int user, List<Integer> groups) {
    if (user == SUPERUSER) {
      return true;
    }
    Set<Integer> certain = new HashSet<>(ownGroups(user));
    certain.addAll(others.ownGroups(user));
    for (int choice = 0; choice < 1 << groups.size(); choice++) {
      Set<Integer> member = new HashSet<>(certain);
      for (int i = 0; i < groups.size(); i++) {
        if ((choice >> i & 1) != 0) {
          member.add(groups.get(i));
        }
      }
      if (allows(user, member) && !others.allows(user, member)) {
        return false;
      }
    }
    return true;
  }

  private List<Integer> ownGroups(int user) {
    return files.stream().filter(file -> file.owner() == user).map(FileAccess::group).toList();
  }

  private boolean allows(int user, Set<Integer> groups) {
    return files.stream().allMatch(file -> file.allows(user, groups));
  }
}
