package io.repackd.midx;

import static io.repackd.midx.GitDeviation.ANY;

import io.repackd.midx.ListedPackEditor.Change;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Packs that a sound multi-pack-index lists: of one that owns objects, and of one that owns none. */
class DamagedPacksTest {
  @TempDir Path directory;

  /** A table of damages to the files of a pack. */
  private final class Rows {
    private final IndexedRepository sound;
    private final List<DynamicTest> tests = new ArrayList<>();

    Rows(IndexedRepository sound) {
      this.sound = sound;
    }

    /** Both end with this status, whether the pack owns objects or not. */
    Rows agreed(String name, int status, Change change) {
      return add(name, true, change, copy -> VerifyComparison.assertAgreed(copy, status))
          .add(name, false, change, copy -> VerifyComparison.assertAgreed(copy, status));
    }

    /** Both see it if the pack owns objects. Otherwise git does not look, and repackd does. */
    Rows seenByGitInOwners(String name, Change change) {
      return add(name, true, change, copy -> VerifyComparison.assertAgreed(copy, 1))
          .deviating(name, false, GitDeviation.PACKS_WITHOUT_OBJECTS, 0, 1, change);
    }

    /** Both see it if the pack owns objects, and neither does otherwise. */
    Rows seenInOwners(String name, Change change) {
      return add(name, true, change, copy -> VerifyComparison.assertAgreed(copy, 1))
          .add(name, false, change, copy -> VerifyComparison.assertAgreed(copy, 0));
    }

    Rows deviating(String name, boolean owner, GitDeviation why, int git, int ours, Change change) {
      return add(
          name + " (" + why + ")",
          owner,
          change,
          copy -> VerifyComparison.assertDeviation(copy, why, git, ours));
    }

    private Rows add(String name, boolean owner, Change change, Judgement judgement) {
      Path place = directory.resolve(sound.hash().gitName() + "-" + tests.size());
      tests.add(
          DynamicTest.dynamicTest(
              "%s, of a pack that owns %s: %s"
                  .formatted(sound.hash().gitName(), owner ? "objects" : "nothing", name),
              () -> {
                IndexedRepository copy = sound.copy(place).install(sound.plain().bytes());
                change.apply(ListedPackEditor.of(copy, owner));
                judgement.of(copy);
              }));
      return this;
    }
  }

  private interface Judgement {
    void of(IndexedRepository repository) throws Exception;
  }

  private interface Table {
    void fill(Rows rows) throws Exception;
  }

  private Stream<DynamicTest> inEach(Table table) throws Exception {
    List<DynamicTest> tests = new ArrayList<>();
    for (IndexedRepository repository : IndexedRepository.ofEachHash(directory).toList()) {
      Rows rows = new Rows(repository);
      table.fill(rows);
      tests.addAll(rows.tests);
    }
    return tests.stream();
  }

  private static UnaryOperator<byte[]> cutBy(int bytes) {
    return file -> Arrays.copyOf(file, file.length - bytes);
  }

  private static UnaryOperator<byte[]> cutTo(int bytes) {
    return file -> Arrays.copyOf(file, bytes);
  }

  private static UnaryOperator<byte[]> half() {
    return file -> Arrays.copyOf(file, file.length / 2);
  }

  private static UnaryOperator<byte[]> putInt(int at, int value) {
    return file -> ByteBuffer.wrap(file).putInt(at, value).array();
  }

  private static UnaryOperator<byte[]> addInt(int at, int change) {
    return file -> putInt(at, ByteBuffer.wrap(file).getInt(at) + change).apply(file);
  }

  /** Negative places count from the end. */
  private static UnaryOperator<byte[]> flip(int at) {
    return file -> {
      file[at < 0 ? file.length + at : at] ^= 0x10;
      return file;
    };
  }

  @TestFactory
  Stream<DynamicTest> filesThatAreNotThere() throws Exception {
    return inEach(rows ->
        rows.agreed("no pack", 1, pack -> Files.delete(pack.data()))
            .seenByGitInOwners("no index", pack -> Files.delete(pack.index()))
            .agreed(
                "neither",
                1,
                pack -> {
                  Files.delete(pack.data());
                  Files.delete(pack.index());
                })
            .agreed(
                "a directory as pack",
                1,
                pack -> {
                  Files.delete(pack.data());
                  Files.createDirectory(pack.data());
                })
            .agreed(
                "a named pipe as pack",
                1,
                pack -> {
                  Files.delete(pack.data());
                  ListedPackEditor.makePipe(pack.data());
                })
            .agreed(
                "symbolic links",
                0,
                pack -> {
                  pack.moveAndLink(pack.data());
                  pack.moveAndLink(pack.index());
                })
            .agreed(
                "a symbolic link to nowhere as pack",
                1,
                pack -> {
                  Files.delete(pack.data());
                  Files.createSymbolicLink(pack.data(), Path.of("nowhere"));
                })
            .seenByGitInOwners(
                "a symbolic link to nowhere as index",
                pack -> {
                  Files.delete(pack.index());
                  Files.createSymbolicLink(pack.index(), Path.of("nowhere"));
                }));
  }

  @TestFactory
  Stream<DynamicTest> packsThatAreCutOffOrOthers() throws Exception {
    return inEach(rows -> {
      int hash = rows.sound.hash().length();
      rows.seenByGitInOwners("empty", pack -> pack.editData(cutTo(0)))
          .seenByGitInOwners("its header alone", pack -> pack.editData(cutTo(12)))
          .seenByGitInOwners("header and trailer", pack -> pack.editData(cutTo(12 + hash)))
          .seenByGitInOwners("half of it", pack -> pack.editData(half()))
          .seenByGitInOwners("one byte missing", pack -> pack.editData(cutBy(1)))
          .seenByGitInOwners("no trailer", pack -> pack.editData(cutBy(hash)))
          .seenByGitInOwners("one byte more", pack -> pack.editData(cutBy(-1)))
          .seenByGitInOwners("another trailer", pack -> pack.editData(flip(-1)))
          .seenByGitInOwners("another signature", pack -> pack.editData(flip(0)))
          .seenByGitInOwners("version 1", pack -> pack.editData(putInt(4, 1)))
          .seenByGitInOwners("version 4", pack -> pack.editData(putInt(4, 4)))
          .agreed("version 3", 0, pack -> pack.editData(putInt(4, 3)))
          .seenByGitInOwners("one object more", pack -> pack.editData(addInt(8, 1)))
          .seenByGitInOwners("one object less", pack -> pack.editData(addInt(8, -1)))
          .seenByGitInOwners("2^32 - 1 objects", pack -> pack.editData(putInt(8, -1)))
          .agreed("a flipped bit in an object", 0, pack -> pack.editData(flip(100)));
    });
  }

  @TestFactory
  Stream<DynamicTest> indexesThatAreCutOffOrOthers() throws Exception {
    return inEach(rows -> {
      int hash = rows.sound.hash().length();
      rows.seenByGitInOwners("empty", pack -> pack.editIndex(cutTo(0)))
          .seenByGitInOwners("eight bytes", pack -> pack.editIndex(cutTo(8)))
          .seenByGitInOwners("its fanout alone", pack -> pack.editIndex(cutTo(1032)))
          .seenByGitInOwners("half of it", pack -> pack.editIndex(half()))
          .seenByGitInOwners("one byte missing", pack -> pack.editIndex(cutBy(1)))
          .seenByGitInOwners("one byte more", pack -> pack.editIndex(cutBy(-1)))
          .seenByGitInOwners("eight bytes more", pack -> pack.editIndex(cutBy(-8)))
          .seenByGitInOwners("another magic", pack -> pack.editIndex(flip(0)))
          .seenByGitInOwners("version 0", pack -> pack.editIndex(putInt(4, 0)))
          .seenByGitInOwners("version 1 with a magic", pack -> pack.editIndex(putInt(4, 1)))
          .seenByGitInOwners("version 3", pack -> pack.editIndex(putInt(4, 3)))
          .seenByGitInOwners("the fanout descends", pack -> pack.editIndex(putInt(8, -1)))
          .seenByGitInOwners("one object more", pack -> pack.editIndex(addInt(1028, 1)))
          .seenByGitInOwners("two objects less", pack -> pack.editIndex(addInt(1028, -2)))
          .seenByGitInOwners("2^32 - 1 objects", pack -> pack.editIndex(putInt(1028, -1)))
          .seenByGitInOwners("the trailer of another pack", pack -> pack.editIndex(flip(-2 * hash)))
          .agreed("another checksum of its own", 0, pack -> pack.editIndex(flip(-1)))
          .agreed("a flipped bit in a CRC-32", 0, pack -> pack.editCrc(0, 1))
          .agreed("version 1 as git writes it", 0, ListedPackEditor::makeVersion1);
    });
  }

  @TestFactory
  Stream<DynamicTest> objectsThatIndexesPlaceWrongly() throws Exception {
    return inEach(rows ->
        rows.seenInOwners("another offset", pack -> pack.editOffset(0, offset -> offset + 1))
            .seenInOwners("another id", pack -> pack.editId(0, id -> flip(-1).apply(id)))
            .seenInOwners("another first byte", pack -> pack.editId(0, id -> flip(0).apply(id)))
            .seenInOwners("two ids exchanged", ListedPackEditor::exchangeIds)
            .deviating(
                "offset beyond the index",
                true,
                GitDeviation.PACK_INDEX_BOUNDS,
                ANY,
                1,
                pack -> pack.editOffset(0, _ -> 0xffffffff)));
  }
}
