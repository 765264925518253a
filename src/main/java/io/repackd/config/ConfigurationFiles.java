package io.repackd.config;

import io.repackd.platform.Reason;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Which files make up a configuration.
 *
 * @param toRead the files to read, in their order
 * @param toWatch those, and the places where there may be one to read later
 */
record ConfigurationFiles(List<Path> toRead, List<Path> toWatch) {
  private static final String MAIN = "repackd.conf";

  private static final String DROP_INS = "conf.d";

  /** The files where they are looked for if nobody names one. */
  static ConfigurationFiles inTheirPlaces(Environment environment, Complaints complaints) {
    List<Path> places = new ArrayList<>();
    if (!environment.root()) {
      places.add(environment.userDirectory().resolve(MAIN));
    }
    places.add(environment.systemDirectory().resolve(MAIN));

    List<Path> toWatch = new ArrayList<>();
    Path main = places.getLast();
    for (Path place : places) {
      toWatch.add(place);
      if (Files.exists(place)) {
        main = place;
        break;
      }
    }
    return withDropIns(main, Files.exists(main) ? List.of(main) : List.of(), toWatch, complaints);
  }

  /** A file that somebody named, and what lies beside it. */
  static ConfigurationFiles at(Path main, Complaints complaints) {
    return withDropIns(main, List.of(main), List.of(main), complaints);
  }

  private static ConfigurationFiles withDropIns(
      Path main, List<Path> toRead, List<Path> toWatch, Complaints complaints) {
    Path directory = main.resolveSibling(DROP_INS);
    List<Path> dropIns = dropIns(directory, complaints);
    List<Path> read = new ArrayList<>(toRead);
    read.addAll(dropIns);
    List<Path> watched = new ArrayList<>(toWatch);
    watched.add(directory);
    watched.addAll(dropIns);
    return new ConfigurationFiles(List.copyOf(read), List.copyOf(watched));
  }

  private static List<Path> dropIns(Path directory, Complaints complaints) {
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory, "[!.]*.conf")) {
      stream.forEach(files::add);
    } catch (NoSuchFileException | NotDirectoryException e) {
      return List.of();
    } catch (IOException | DirectoryIteratorException e) {
      complaints.add(directory, "cannot list the directory: " + Reason.of(e));
    }
    files.sort(Comparator.comparing(file -> file.getFileName().toString()));
    return files;
  }
}
