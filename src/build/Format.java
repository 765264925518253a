import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.JavaFormatterOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Checks that every Java file below a directory has google-java-format's form, or gives it that form.
 *
 * <p>Run by the build from source: {@code Format.java check|rewrite DIRECTORY}. Exit status 1 when {@code check} found a
 * file to rewrite; the files are named, and the command that mends them.
 */
final class Format {
  private Format() {}

  public static void main(String[] arguments) throws Exception {
    boolean rewrite =
        switch (arguments[0]) {
          case "rewrite" -> true;
          case "check" -> false;
          default -> throw new IllegalArgumentException("check or rewrite, not " + arguments[0]);
        };
    Path root = Path.of(arguments[1]);
    Formatter formatter =
        new Formatter(JavaFormatterOptions.builder().formatJavadoc(false).build());
    List<Path> unformatted = new ArrayList<>();
    for (Path file : javaFiles(root)) {
      String before = Files.readString(file);
      String after = formatter.formatSourceAndFixImports(before);
      if (before.equals(after)) {
        continue;
      }
      if (rewrite) {
        Files.writeString(file, after);
      } else {
        unformatted.add(file);
      }
    }
    if (!unformatted.isEmpty()) {
      unformatted.forEach(file -> System.err.println("not formatted: " + file));
      System.err.println("run: mvn -q process-sources -Dformat=rewrite");
      System.exit(1);
    }
  }

  private static List<Path> javaFiles(Path root) throws IOException {
    try (var walk = Files.walk(root)) {
      return walk.filter(path -> path.toString().endsWith(".java")).sorted().toList();
    }
  }
}
