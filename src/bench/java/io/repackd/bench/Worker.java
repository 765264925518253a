package io.repackd.bench;

import io.repackd.maintenance.StepsAlone;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** The other side of {@link WarmJvm}: does a job for each line that it reads, and says how many nanoseconds it took. */
public final class Worker {
  static final String DONE = "done ";

  private Worker() {}

  /** Works until there is no more input. */
  public static void main(String[] arguments) throws IOException {
    Path state = Files.createTempDirectory("bench-state-");
    StepsAlone steps = new StepsAlone(state);
    BufferedReader requests =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    String request;
    while ((request = requests.readLine()) != null) {
      String verb = request.substring(0, request.indexOf(' '));
      System.out.println(answer(steps, verb, Path.of(request.substring(verb.length() + 1))));
    }
    Samples.delete(state);
  }

  private static String answer(StepsAlone steps, String verb, Path repository) {
    long start = System.nanoTime();
    try {
      switch (verb) {
        case "write" -> steps.write(repository);
        case "verify" -> steps.verify(repository);
        case "expire" -> steps.expire(repository);
        case "aggregate" -> steps.aggregate(repository);
        case "loose" -> steps.packLooseObjects(repository);
        default -> throw new IOException("unknown job " + verb);
      }
      return DONE + (System.nanoTime() - start);
    } catch (IOException e) {
      return "failed: " + e;
    }
  }
}
