package io.repackd.pack;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.GitRepository;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Somebody cuts a pack off while it is mapped. If this goes wrong, there is no failed test but no virtual machine. */
class CutOffPackTest {
  @TempDir Path directory;

  private final Arena arena = Arena.ofShared();
  private PackFile pack;

  @BeforeEach
  void aPackThatIsCutOffOnceItIsMapped() throws IOException {
    GitRepository repository = GitRepository.bare(directory.resolve("r.git"), "-b", "main");
    repository.fetch(5, new Random(20261120));
    Path file = repository.packFiles().getFirst();
    Path index = repository.files(".idx").getFirst();
    pack = PackFile.open(file, index, HashAlgorithm.SHA1, arena);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(0);
    }
  }

  @Test
  void itsChecksumCannotBeTaken() {
    EntryChecksum checksum = new EntryChecksum();
    assertThatThrownBy(() -> checksum.update(pack.data(), 0, pack.end()))
        .isInstanceOf(InternalError.class);
  }

  @Test
  void itCannotBeVerified() {
    assertThatThrownBy(() -> PackVerification.verify(pack, new Cancellation()))
        .isInstanceOf(InternalError.class);
  }

  @Test
  void itCannotBeCopied() throws IOException {
    PositionSet all = new PositionSet(arena, pack.index().count());
    for (long position = 0; position < pack.index().count(); position++) {
      all.add(position);
    }
    List<PackSource.Packed> sources = List.of(new PackSource.Packed(pack, all));
    assertThatThrownBy(
            () -> new PackWriter(sources, HashAlgorithm.SHA1, -1, new Cancellation()).close())
        .isInstanceOf(InternalError.class);
  }
}
