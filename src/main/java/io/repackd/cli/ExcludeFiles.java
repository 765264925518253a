package io.repackd.cli;

import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.ObjectDirectoryException;
import io.repackd.platform.Reason;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The files that name what {@code pack-aggregate} leaves alone. Each is read when it is asked for first, and when it has changed
 * since. One that cannot be read, or has a line that makes no sense, is an error: what it should have named would not be spared.
 */
final class ExcludeFiles {
  private static final Pattern OBJECT_ID = Pattern.compile("[0-9a-f]{40}|[0-9a-f]{64}");

  private static final Pattern PACK =
      Pattern.compile("(?:.*/)?(pack-[^/]+?)(?:\\.pack|\\.idx|\\.rev)?");

  private final @Nullable Names packs;
  private final @Nullable Names looseObjects;

  ExcludeFiles(@Nullable Path packs, @Nullable Path looseObjects) {
    this.packs = packs == null ? null : new Names(packs, "the name of a pack", PACK);
    this.looseObjects =
        looseObjects == null ? null : new Names(looseObjects, "an object id", OBJECT_ID);
  }

  /** The names of the excluded packs, without extension; empty if there is no such file. */
  Optional<Set<String>> packs() throws IOException {
    return packs == null ? Optional.empty() : Optional.of(packs.read());
  }

  /** The ids of the excluded loose objects. */
  Set<String> looseObjects() throws IOException {
    return looseObjects == null ? Set.of() : looseObjects.read();
  }

  /** The names in one file. */
  private static final class Names {
    private final Path file;
    private final String what;
    private final Pattern form;
    private Optional<FileStamp> read = Optional.empty();
    private Set<String> names = Set.of();

    Names(Path file, String what, Pattern form) {
      this.file = file;
      this.what = what;
      this.form = form;
    }

    Set<String> read() throws IOException {
      try {
        FileStamp stamp = FileStamp.of(file);
        if (!read.equals(Optional.of(stamp))) {
          names = readNames();
          read = Optional.of(stamp);
        }
        return names;
      } catch (ObjectDirectoryException e) {
        throw e;
      } catch (IOException e) {
        throw new ObjectDirectoryException("cannot read %s: %s".formatted(file, Reason.of(e)), e);
      }
    }

    private Set<String> readNames() throws IOException {
      Set<String> found = new HashSet<>();
      try (Stream<String> lines = Files.lines(file, StandardCharsets.ISO_8859_1)) {
        for (String line : (Iterable<String>) lines::iterator) {
          if (!line.isBlank()) {
            found.add(parse(line.strip()));
          }
        }
      }
      return found;
    }

    private String parse(String line) throws ObjectDirectoryException {
      var matcher = form.matcher(form == OBJECT_ID ? line.toLowerCase(Locale.ROOT) : line);
      if (!matcher.matches()) {
        throw new ObjectDirectoryException("%s: '%s' is not %s".formatted(file, line, what));
      }
      return matcher.group(matcher.groupCount());
    }
  }
}
