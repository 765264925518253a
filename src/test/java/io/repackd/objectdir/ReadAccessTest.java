package io.repackd.objectdir;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.objectdir.ReadAccess.FileAccess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Users and groups by number; files as user:group:mode. */
class ReadAccessTest {
  @TempDir Path directory;

  private static ReadAccess parse(String files) {
    return new ReadAccess(
        Arrays.stream(files.split(" "))
            .map(file -> file.split(":"))
            .map(words ->
                new FileAccess(
                    Integer.parseInt(words[0]),
                    Integer.parseInt(words[1]),
                    Integer.parseInt(words[2], 8)))
            .collect(Collectors.toSet()));
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "the same, 7:70:440, 7:70:440, true",
    "fewer by their bits, 7:70:444, 7:70:440, false",
    "more by their bits, 7:70:440, 7:70:444, true",
    "everybody may whoever owns it, 7:70:440, 8:80:444, true",
    "another owner, 7:70:400, 8:70:400, false",
    "another owner of the same group in which the first one is, 7:70:440, 8:70:440, true",
    "another group, 7:70:440, 7:80:440, false",
    "another group where only the owner may, 7:70:400, 7:80:440, true",
    "the superuser's own, 7:70:400, 0:0:400, false",
    "what the superuser alone may read, 0:0:400, 7:70:400, true",
    "the superuser's own of the same group, 7:70:440, 0:70:440, true",
    "the group is kept out of what others may, 7:70:444, 7:70:404, false",
    "the group is kept out of both, 7:70:404, 7:70:404, true",
    "strangers are members of the group that is kept out, 7:70:404, 7:80:404, false",
    "nobody may but the superuser, 7:70:000, 8:80:000, true",
    "one of two files hides a pack, 7:70:444 7:70:400, 7:70:400, true",
    "one of two files hides the other pack, 7:70:444, 7:70:444 7:70:440, false"
  })
  void whoeverMayReadTheFirstMayReadTheSecond(
      String what, String first, String second, boolean within) {
    assertThat(parse(first).isWithin(parse(second))).as(what).isEqualTo(within);
  }

  /** The copy is of group 70. */
  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "everybody may, 7:80:444, 444",
    "everybody may read any of several, 7:70:444 8:80:444, 444",
    "the group, 7:70:440, 040",
    "the group of several of different owners, 7:70:440 8:70:444, 040",
    "another group, 7:80:440, 000",
    "one of them has another group, 7:70:440 7:80:440, 000",
    "one of them is for everybody and of another group, 7:70:440 7:80:444, 000",
    "the owner alone, 7:70:400, 000",
    "one is for the owner alone, 7:70:444 7:70:400, 000",
    "not everybody because the group is kept out, 7:70:404, 000",
    "nobody but the superuser, 0:0:000, 000"
  })
  void aCopyIsGrantedToThoseWhoMayReadAllThatItIsMadeOf(String what, String files, String bits) {
    assertThat(parse(files).grantable(70)).as(what).isEqualTo(Integer.parseInt(bits, 8));
  }

  @Test
  void aCopyOfNothingIsGrantedToNobody() {
    assertThat(new ReadAccess(Set.of()).grantable(70)).isZero();
  }

  @Test
  void limitedAreTheBitsOfEachFile() {
    assertThat(parse("7:70:444 8:80:404").limitedTo(0440)).isEqualTo(parse("7:70:440 8:80:400"));
    assertThat(parse("7:70:400").limitedTo(0444)).isEqualTo(parse("7:70:400"));
  }

  /** Whoever does not come to a loose object by its directory does not read it, whatever its own bits say. */
  @Test
  void theDirectoryOfALooseObjectCountsToo() throws Exception {
    String id = "ab" + "0".repeat(38);
    Path fanout = Files.createDirectory(directory.resolve("ab"));
    Path object = Files.createFile(fanout.resolve(id.substring(2)));
    int group = (int) Files.getAttribute(object, "unix:gid");
    try (LooseTable table = new LooseTable(directory, HashAlgorithm.SHA1)) {
      table.append(id);
      Files.setPosixFilePermissions(object, PosixFilePermissions.fromString("r--r--r--"));
      Files.setPosixFilePermissions(fanout, PosixFilePermissions.fromString("rwxr-xr-x"));
      assertThat(ReadAccess.of(table).grantable(group)).isEqualTo(0444);
      Files.setPosixFilePermissions(fanout, PosixFilePermissions.fromString("rwxr-x---"));
      assertThat(ReadAccess.of(table).grantable(group)).isEqualTo(0040);
      Files.setPosixFilePermissions(fanout, PosixFilePermissions.fromString("rwx------"));
      assertThat(ReadAccess.of(table).grantable(group)).isZero();
      Files.setPosixFilePermissions(fanout, PosixFilePermissions.fromString("rwxr-xr-x"));
      Files.delete(object);
      assertThat(ReadAccess.of(table).grantable(group)).as("it has gone").isZero();
    }
  }

  @Test
  void ownerGroupAndBitsAreThoseOfTheFile() throws Exception {
    Path file = Files.createFile(directory.resolve("pack"));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-x--x"));
    int owner = (int) Files.getAttribute(file, "unix:uid");
    int group = (int) Files.getAttribute(file, "unix:gid");
    assertThat(ReadAccess.of(file).files()).containsExactly(new FileAccess(owner, group, 0440));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r--r--"));
    assertThat(ReadAccess.of(file).isEverybodys()).isTrue();
  }
}
