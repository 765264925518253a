package io.repackd.proof;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.eclipse.jgit.errors.MissingObjectException;
import org.eclipse.jgit.internal.storage.file.FileRepository;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectLoader;
import org.eclipse.jgit.lib.ObjectReader;

/** What {@code git cat-file --batch} does in the current directory, done by JGit. */
final class JGitBatch {
  private JGitBatch() {}

  /** Answers until its input ends. */
  public static void main(String[] arguments) throws Exception {
    BufferedReader ids =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    try (FileRepository repository = new FileRepository(Path.of("").toAbsolutePath().toFile());
        ObjectReader reader = repository.newObjectReader()) {
      for (String id = ids.readLine(); id != null; id = ids.readLine()) {
        answer(reader, id);
        System.out.flush();
      }
    }
  }

  private static void answer(ObjectReader reader, String id) throws Exception {
    try {
      ObjectLoader object = reader.open(ObjectId.fromString(id));
      byte[] content = object.getCachedBytes(Integer.MAX_VALUE);
      System.out.printf("%s %s %d\n", id, Constants.typeString(object.getType()), content.length);
      System.out.write(content, 0, content.length);
      System.out.write('\n');
    } catch (MissingObjectException e) {
      System.out.printf("%s missing\n", id);
    }
  }
}
