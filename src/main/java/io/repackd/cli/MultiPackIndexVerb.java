package io.repackd.cli;

import io.repackd.cli.GitArguments.Option;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** What {@code repackd multi-pack-index} can be told to do, with the options of each verb and the words that explain it. */
enum MultiPackIndexVerb {
  WRITE(
      """
      Usage: repackd multi-pack-index write [--preferred-pack=PACK] [--stdin-packs]
                                            [--object-dir=DIR] [--[no-]progress]

      Writes the multi-pack-index over all packs, byte for byte as git does. If the packs are
      those that it lists already, nothing is written.

        --preferred-pack=PACK  This pack owns every object that it has. PACK is the name of
                               its .pack or .idx file.
        --stdin-packs          List only the packs whose names stand on standard input, one to
                               a line, and make nothing of the index that is there.

      A pack whose index is malformed is left out, with a warning. An index that is corrupt, or
      that lists packs which are gone, is written anew from the packs. A multi-pack bitmap goes
      with the index that it is for; to write bitmaps, use git multi-pack-index write --bitmap.
      """) {
    @Override
    Stream<Option> own() {
      return Stream.of(PREFERRED_PACK, STDIN_PACKS, BITMAP, REFS_SNAPSHOT, INCREMENTAL);
    }
  },
  VERIFY(
      """
      Usage: repackd multi-pack-index verify [--level=LEVEL] [--object-dir=DIR] [--[no-]progress]

      Looks for everything that is wrong with the multi-pack-index. Each fault is one line on
      standard error, which begins with what is to be done about it:

        index-wrong  delete the index, and write it anew
        pack-wrong   a pack or its index is damaged: restore it from elsewhere
        pack-gone    a listed pack is not there: somebody has just replaced it, or the index is
                     stale. Look again; if it stays, write the index anew

        --level=structure  what the file says of itself, without a look at the packs
        --level=indexes    and that it agrees with the packs' indexes; this is what git checks,
                           and the default
        --level=packs      and that every byte of every pack is sound
      """) {
    @Override
    Stream<Option> own() {
      return Stream.of(LEVEL);
    }
  },
  EXPIRE(
      """
      Usage: repackd multi-pack-index expire [--object-dir=DIR] [--[no-]progress]

      Deletes the packs that own no object any more, and writes the index without them. At once:
      whoever still reads by an older index may look for them. (The daemon waits for that.)

      Packs with a .keep and cruft packs stay, as with git. So do, with a warning, packs with a
      bitmap, packs of a repository with extensions.preciousObjects, and each pack with an object
      that is not proven to be in another pack which stays and is, like it, a promisor pack or
      none.
      """) {
    @Override
    Stream<Option> own() {
      return Stream.of();
    }
  },
  REPACK(
      """
      Usage: repackd multi-pack-index repack [--batch-size=SIZE]
                                             [--object-dir=DIR] [--[no-]progress]

      Puts packs together into a new one, which then owns their objects; expire deletes them
      later. With fewer than two packs to put together, nothing is done.

        --batch-size=SIZE  Take packs that are expected to be smaller than this many bytes,
                           oldest first, until together they reach it. May end in k, m or g.
                           0, the default, takes all.

      Packs with a .keep stay, unless repack.packKeptObjects is true; so do cruft packs, packs with
      a bitmap, and packs that own nothing. Ordinary and promisor packs are not mixed. The entries
      are copied as they are: no deltas are searched for.
      """) {
    @Override
    Stream<Option> own() {
      return Stream.of(BATCH_SIZE);
    }
  };

  static final Option OBJECT_DIR = Option.value("object-dir");
  static final Option PROGRESS = Option.flag("progress");
  static final Option PREFERRED_PACK = Option.value("preferred-pack");
  static final Option STDIN_PACKS = Option.flag("stdin-packs");
  static final Option LEVEL = Option.value("level");
  static final Option BATCH_SIZE = new Option("batch-size", true, false);

  /** What git can do and repackd does not, so that it can say so. */
  private static final Option BITMAP = Option.flag("bitmap");

  private static final Option REFS_SNAPSHOT = Option.value("refs-snapshot");
  private static final Option INCREMENTAL = Option.flag("incremental");
  static final String REFUSED_VERB = "compact";

  static final String NO_CHAINS =
      "repackd writes one index and no chain of them, which older gits and JGit do not read:"
          + " leave --incremental out and do not compact, or use git multi-pack-index";

  private static final String NO_BITMAPS =
      "repackd writes no multi-pack bitmaps: use git multi-pack-index write --bitmap";

  static final List<Option> OPTIONS_OF_ALL = List.of(OBJECT_DIR, PROGRESS);

  static final String HELP =
      """
      Usage: repackd multi-pack-index [--object-dir=DIR] [--[no-]progress] VERB [OPTION]...

      Does what git multi-pack-index does, with the same options and exit statuses, in a script or
      by hand. Needs no git, no daemon and no configuration, and takes no maintenance lock.

        write    write the multi-pack-index over all packs
        verify   look for everything that is wrong with it
        expire   delete the packs that own no object any more
        repack   put packs together into a new one

      The repository is the one around the current directory, or what GIT_DIR or
      GIT_OBJECT_DIRECTORY say. "repackd multi-pack-index VERB --help" says more of a verb.

        --object-dir=DIR   Work on this object directory, of a repository, an alternate or a
                           shared cache.
        --[no-]progress    Name the steps on standard error, or do not. Default: on a terminal.

      Exit status:
          0   done; there may have been nothing to do
          1   verify found a fault, or what was asked for could not be done
        128   there is no repository, a lock is held, or a file cannot be used
        129   wrong options
      """;

  private final String help;

  MultiPackIndexVerb(String help) {
    this.help = help;
  }

  /** The options that no other verb has. */
  abstract Stream<Option> own();

  static Optional<MultiPackIndexVerb> of(String word) {
    return Arrays.stream(values()).filter(verb -> verb.word().equals(word)).findFirst();
  }

  private String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  List<Option> options() {
    return Stream.concat(own(), OPTIONS_OF_ALL.stream()).toList();
  }

  String help() {
    return help;
  }

  /** Why what was asked for is not done; empty if it is. */
  static Optional<String> refusal(GitArguments given) {
    if (given.has(BITMAP) || given.has(REFS_SNAPSHOT)) {
      return Optional.of(NO_BITMAPS);
    }
    return given.has(INCREMENTAL) ? Optional.of(NO_CHAINS) : Optional.empty();
  }
}
