package io.repackd.maintenance;

import io.repackd.objectdir.FilePublisher;
import io.repackd.objectdir.ObjectDirectory;
import io.repackd.objectdir.SharedPermissions;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.PackFile;
import io.repackd.pack.PackVerification;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * Remembers, across restarts, which packs a step found damaged. The verification of the index does not read objects, so a later
 * cycle would think all well, and delete packs of which one may have the only good copy of an object.
 *
 * <p>One file for each object directory in the state directory, with a name in each line. Before a cycle deletes or repacks
 * anything it reads those packs in full again: one that is sound by then, or gone, is forgotten.
 */
final class DamagedPacks {
  /** A name within the directory, that a file can have. */
  private static final Pattern NAME = Pattern.compile("[^/\\x00]{1,255}");

  private final Path file;
  private final ObjectDirectory directory;
  private final Set<String> names = new TreeSet<>();

  private DamagedPacks(Path file, ObjectDirectory directory) {
    this.file = file;
    this.directory = directory;
  }

  /**
   * Reads what is remembered of an object directory.
   *
   * @throws IOException if it cannot be read; that it is not there means that there is nothing
   */
  static DamagedPacks read(Path stateDirectory, ObjectDirectory directory) throws IOException {
    String path = directory.path().toString();
    UUID name = UUID.nameUUIDFromBytes(path.getBytes(StandardCharsets.UTF_8));
    DamagedPacks damaged =
        new DamagedPacks(stateDirectory.resolve("damaged").resolve(name + ".txt"), directory);
    try {
      // As it is, whatever it is: a name that no pack can have is that of one which has gone.
      new String(Files.readAllBytes(damaged.file), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> NAME.matcher(line).matches())
          .forEach(damaged.names::add);
    } catch (NoSuchFileException e) {
      // the usual case
    }
    return damaged;
  }

  /**
   * Remembers a file of a pack which turned out damaged. The index of all packs is none.
   *
   * @throws IOException if it cannot be written down
   */
  void note(Path damaged) throws IOException {
    String name = String.valueOf(damaged.getFileName());
    int dot = name.lastIndexOf('.');
    if (dot > 0
        && directory.packDirectory().equals(damaged.getParent())
        && names.add(name.substring(0, dot))) {
      save();
    }
  }

  /** The names of those that are remembered, without extension. */
  Set<String> names() {
    return Set.copyOf(names);
  }

  /**
   * Looks again at those that are remembered.
   *
   * @return what is wrong with them, a line for each
   */
  List<String> confirm(Cancellation cancellation) throws IOException {
    List<String> faults = new ArrayList<>();
    for (String name : Set.copyOf(names)) {
      try (Arena arena = Arena.ofShared()) {
        Path pack = directory.packDirectory().resolve(name + ".pack");
        Path index = directory.packDirectory().resolve(name + ".idx");
        PackVerification.verify(PackFile.open(pack, index, directory.hash(), arena), cancellation);
        names.remove(name);
        save();
      } catch (CorruptFileException e) {
        faults.add(e.getMessage());
      } catch (IOException e) {
        if (StepErrors.vanished(e)) {
          names.remove(name);
          save();
        } else {
          faults.add(StepErrors.describe(e));
        }
      }
    }
    return faults;
  }

  private void save() throws IOException {
    Path parent = file.getParent();
    if (parent == null) {
      throw new NoSuchFileException(file.toString());
    }
    FilePublisher publisher = new FilePublisher(parent, SharedPermissions.UMASK);
    try (FilePublisher.Unpublished unpublished = publisher.create("damaged")) {
      unpublished.write(String.join("\n", names) + (names.isEmpty() ? "" : "\n"));
      unpublished.sync();
      unpublished.publishWritable(String.valueOf(file.getFileName()));
    }
    publisher.syncDirectory();
  }
}
