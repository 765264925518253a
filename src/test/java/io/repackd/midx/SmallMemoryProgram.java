package io.repackd.midx;

import io.repackd.midx.MultiPackIndexVerifier.Level;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.pack.PackFile;
import io.repackd.pack.PackIndex;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Writes and verifies the multi-pack-index of each pack directory below a directory, and tells what came of it. {@link
 * SmallMemoryTest} runs it in a virtual machine of its own.
 */
final class SmallMemoryProgram {
  private static final HashAlgorithm HASH = HashAlgorithm.SHA1;

  private SmallMemoryProgram() {}

  public static void main(String[] arguments) throws IOException {
    try (Stream<Path> directories = Files.list(Path.of(arguments[0]))) {
      for (Path directory : directories.sorted().toList()) {
        System.out.println(directory.getFileName() + ": " + maintain(directory));
      }
    }
  }

  private static String maintain(Path directory) {
    Path index = directory.resolve("multi-pack-index");
    try {
      String written = Files.exists(index) ? "" : write(directory, index) + " objects, ";
      List<Fault> faults =
          MultiPackIndexVerifier.verify(index, HASH, Level.INDEXES, new Cancellation());
      return written + "faults " + faults.stream().map(Fault::type).distinct().toList();
    } catch (IOException e) {
      return e.getClass().getSimpleName();
    }
  }

  private static long write(Path directory, Path index) throws IOException {
    try (Arena arena = Arena.ofShared();
        FileChannel channel =
            FileChannel.open(
                directory.resolve("new"),
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
      List<IndexedPack> packs = new ArrayList<>();
      try (Stream<Path> files = Files.list(directory)) {
        for (Path file : files.filter(path -> path.toString().endsWith(".idx")).toList()) {
          PackIndex opened = PackIndex.open(file, HASH, arena);
          PackFile.check(ListedPack.fileOf(file), opened);
          packs.add(new IndexedPack(file.getFileName().toString(), opened, 1));
        }
      }
      long objects =
          new MultiPackIndexWriter(HASH, new Cancellation())
              .write(channel, Optional.empty(), Set.of(), packs)
              .objects();
      Files.move(directory.resolve("new"), index);
      return objects;
    }
  }
}
