package io.repackd.objectdir;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.objectdir.ReadAccess.FileAccess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
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
