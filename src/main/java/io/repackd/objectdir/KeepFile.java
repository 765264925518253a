package io.repackd.objectdir;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** Reads who wrote a {@code .keep} file. */
final class KeepFile {
  private static final int MAX_READ_BYTES = 4096;

  /**
   * receive-pack and fetch-pack write the first when they have an index-pack keep what it wrote (git, since 1.5); the others are those of
   * fast-import and of JGit, until the references are in place.
   */
  private static final Pattern GIT =
      Pattern.compile("(receive|fetch)-pack \\d+ on .*|fast-import|jgit (receive-pack|fetch)\\b.*");

  private static final Pattern REPACKD = Pattern.compile("repackd \\d+ on .*");

  private KeepFile() {}

  static KeepOwner owner(Path file) throws IOException {
    String line = read(file).lines().findFirst().orElse("");
    if (REPACKD.matcher(line).matches()) {
      return KeepOwner.REPACKD;
    }
    return GIT.matcher(line).matches() ? KeepOwner.GIT : KeepOwner.OTHER;
  }

  /** How one begins. Those of programs are shorter. */
  static String read(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return new String(in.readNBytes(MAX_READ_BYTES), StandardCharsets.UTF_8);
    }
  }
}
