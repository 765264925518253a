package io.repackd.objectdir;

import io.repackd.platform.Cancellation;
import io.repackd.platform.ManyReaders;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Goes through the loose objects in the order of their ids, as many at a time as memory is meant for: a neglected repository has
 * millions.
 *
 * <p>What has another name than an object has, or is no regular file, is passed over; so are directories that are symbolic
 * links, which would lead somewhere else. An object that comes while the walk is on may be missed.
 */
public final class LooseWalk {
  private static final int FANOUT_DIRECTORIES = 256;

  /** Not {@code tmp_obj_}: git prune sweeps those away, as old as the object is. */
  private static final String HIDDEN = "tmp_hidden_";

  /** Names of one directory that are held on the heap at a time, at most; twice as many while they are sorted out. */
  private static final int MAX_NAMES = 1 << 15;

  private final Path objectDirectory;
  private final HashAlgorithm hash;
  private final Cancellation cancellation;

  private final List<Path> hidden = new ArrayList<>();

  private int fanout;
  private String after = "";

  /** A walk through the loose objects of an object directory. */
  public LooseWalk(ObjectDirectory directory, Cancellation cancellation) {
    this.objectDirectory = directory.path();
    this.hash = directory.hash();
    this.cancellation = cancellation;
  }

  /**
   * Goes on.
   *
   * @param into cleared, then filled with the next objects
   * @param limit how many there may be: 1 or more
   * @return whether there may be more; those that were found may be none all the same
   * @throws IOException if a directory or a file cannot be looked at
   */
  public boolean next(LooseTable into, int limit) throws IOException {
    into.clear();
    while (fanout < FANOUT_DIRECTORIES && into.count() < limit) {
      cancellation.check();
      list(into, (int) Math.min(MAX_NAMES, limit - into.count()));
    }
    look(into);
    return fanout < FANOUT_DIRECTORIES;
  }

  /**
   * The files that were found, up to the last look, under names such as {@link #hidden} gives: somebody did not come to the end of
   * deleting them. Those of one look are given once.
   */
  public List<Path> takeHidden() {
    List<Path> taken = List.copyOf(hidden);
    hidden.clear();
    return taken;
  }

  /** Where a loose object lies, in the same directory, while it is being deleted. */
  public static Path hidden(Path object) {
    return object.resolveSibling(HIDDEN + object.getFileName());
  }

  /** Where the object belongs that lies there. */
  public static Path unhidden(Path hidden) {
    String name = String.valueOf(hidden.getFileName());
    return hidden.resolveSibling(name.substring(HIDDEN.length()));
  }

  private void list(LooseTable into, int limit) throws IOException {
    String digits = "%02x".formatted(fanout);
    List<String> names = smallest(objectDirectory.resolve(digits), limit);
    names.forEach(name -> into.append(digits + name));
    if (names.size() < limit) {
      fanout++;
      after = "";
    } else {
      after = names.getLast();
    }
  }

  /** The smallest names that come after the last one. */
  private List<String> smallest(Path directory, int limit) throws IOException {
    List<String> names = new ArrayList<>();
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      return names; // made with its first object, removed with its last
    }
    int length = 2 * hash.length() - LooseTable.FANOUT_DIGITS;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        String name = String.valueOf(file.getFileName());
        if (LooseObjects.isObjectName(name, length) && name.compareTo(after) > 0) {
          names.add(name);
        } else if (after.isEmpty() && hidden.size() < MAX_NAMES && isHidden(file, length)) {
          hidden.add(file);
        }
        if (names.size() == 2 * limit) {
          cut(names, limit);
        }
      }
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    cut(names, limit);
    return names;
  }

  private static boolean isHidden(Path file, int length) {
    String name = String.valueOf(file.getFileName());
    return name.startsWith(HIDDEN)
        && LooseObjects.isObjectName(name.substring(HIDDEN.length()), length)
        && Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS);
  }

  private static void cut(List<String> names, int limit) {
    Collections.sort(names);
    if (names.size() > limit) {
      names.subList(limit, names.size()).clear();
    }
  }

  private static void look(LooseTable table) throws IOException {
    ManyReaders.forEach(
        table.count(),
        i -> {
          try {
            table.setFile(i, FileStamp.of(table.path(i)));
          } catch (NoSuchFileException e) {
            // Packed by somebody since the directory was listed.
          } catch (ObjectDirectoryException e) {
            // A directory, or a symbolic link.
          }
        });
    table.removeUnseen();
  }
}
