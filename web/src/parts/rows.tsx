// A list of runs to walk through: each row is a link, j and k move the focus, Enter opens.
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { useKeys } from "../keys";
import { age, baseName, moment } from "../text";
import { Text } from "./text";

export function useRowKeys(name: string) {
  const list = useRef<HTMLOListElement>(null);
  const step = (by: number) => {
    const links = [...(list.current?.querySelectorAll<HTMLAnchorElement>("a.row") ?? [])];
    const at = links.findIndex((link) => link === document.activeElement);
    links[at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + by))]?.focus();
  };
  useKeys(name, [
    { key: "j", does: "next run", run: () => step(1) },
    { key: "k", does: "run before", run: () => step(-1) },
  ]);
  return list;
}

export function RowHead({ labels }: { labels: string[] }) {
  return (
    <div class="row-head" aria-hidden="true">
      {labels.map((label) => (
        <span>{label}</span>
      ))}
    </div>
  );
}

interface RowProps {
  href: string;
  mark: ComponentChildren; // how sure, or how it goes
  text: string;
  tenant: string;
  input: string;
  note: ComponentChildren; // what is the matter with it
  at: string;
  excerpt?: string;
}

export function Row({ href, mark, text, tenant, input, note, at, excerpt }: RowProps) {
  return (
    <li>
      <a class="row" href={href}>
        <span class="mark">{mark}</span>
        <span class="cause">
          <Text of={text} />
        </span>
        <span class="cell tenant" title={tenant}>
          <span class="unseen">tenant </span>
          {tenant.startsWith("once-") ? "(none)" : <Text of={tenant} />}
        </span>
        <span class="cell bundle">
          <Text of={baseName(input)} />
        </span>
        <span class="cell failing">{note}</span>
        <time class="cell age" dateTime={at} title={`${moment(at)} UTC`}>
          {age(at, Date.now())}
          <span class="unseen"> ago</span>
        </time>
        {excerpt !== undefined && (
          <span class="excerpt">
            <Text of={excerpt} />
          </span>
        )}
      </a>
    </li>
  );
}
