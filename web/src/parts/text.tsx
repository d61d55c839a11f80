// Text from a bundle, a model or a person: text nodes alone, and what would hide in it is shown.
import { pieces } from "../text";

export function Text({ of }: { of: string }) {
  return (
    <>
      {pieces(of).map((piece) =>
        piece.hidden ? (
          <span class="hidden-character" title="a character that would not be seen">
            {piece.text}
          </span>
        ) : (
          piece.text
        ),
      )}
    </>
  );
}

export interface Word {
  kind: "same" | "removed" | "added";
  text: string;
}

// A text that changed, its words marked; read aloud as deleted and inserted.
export function Words({ of }: { of: Word[] }) {
  return (
    <>
      {of.map((word) => {
        if (word.kind === "removed") return <del><Text of={word.text} /></del>;
        if (word.kind === "added") return <ins><Text of={word.text} /></ins>;
        return <Text of={word.text} />;
      })}
    </>
  );
}
