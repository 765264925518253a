package io.repackd.midx;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.GitRepository;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Why {@code git multi-pack-index verify} may end with another status than repackd's. */
enum GitDeviation {
  /** Before 2.43 git takes chunks at any offset. */
  ALIGNMENT(43),
  /** Before 2.43 git does not look at the lengths of chunks, and reads on in the next chunk or beyond the file. */
  CHUNK_LENGTHS(43),
  /** Before 2.43 git does not look at the length of LOFF, and reads beyond it. */
  LARGE_OFFSET_BOUNDS(43),
  /** Before 2.44 git looks at the order of the fanout only after loading it, so it does not die of it; it may crash. */
  FANOUT_AT_LOAD(44),
  /** Git does not look where chunks begin, so one may lie upon the header or the table. */
  CHUNK_UPON_TABLE,
  /** Git does not read the number of base files. */
  BASE_FILES,
  /** Since 2.54 git reads version 2. */
  VERSION_TWO,
  /** Git takes names that lead out of the pack directory, and such as are not UTF-8. */
  PACK_NAMES,
  /** Git does not check what the bits of a bitmap stand for. */
  BITMAP_CHUNKS,
  /** Git does not open packs that own nothing. */
  PACKS_WITHOUT_OBJECTS,
  /** Git does not compare offsets with the length of the pack. */
  PACK_BOUNDS,
  /** Git looks up objects in a pack's index one by one, so it misses what is wrong with the others. */
  PACK_INDEX_ORDER,
  /** Git dies where the index of a pack points outside of itself. */
  PACK_INDEX_BOUNDS,
  /** Git takes one copy of an object which a pack has twice, and complains if the multi-pack-index means the other. */
  OBJECT_TWICE;

  /** A status for which there is no rule: what is read is not there. */
  static final int ANY = -1;

  private static final Pattern VERSION = Pattern.compile("git version (\\d+)\\.(\\d+)\\D.*");
  private static final int MAJOR = 1000;
  private static final int GIT = version();

  private final int goneSince;

  GitDeviation() {
    this(Integer.MAX_VALUE);
  }

  /** One that is gone since a version 2.x. */
  GitDeviation(int minor) {
    this.goneSince = minor == Integer.MAX_VALUE ? minor : 2 * MAJOR + minor;
  }

  private static int version() {
    String version = GitRepository.at(Path.of(".")).git("version");
    Matcher matcher = VERSION.matcher(version.strip());
    assertThat(matcher.matches()).as(version).isTrue();
    return Integer.parseInt(matcher.group(1)) * MAJOR + Integer.parseInt(matcher.group(2));
  }

  /** Whether the git that is here may still deviate so. */
  boolean possible() {
    return GIT < goneSince;
  }
}
