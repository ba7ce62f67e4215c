/** What stands where something could not be read yet, or could not be read at all. */
export function NotRead({ what, problem }: { what: string; problem: string | null }) {
  if (problem === null) return <div class="panel skeleton tall" />;
  return (
    <div class="message">
      <h2>{what} could not be read</h2>
      <p class="problem">{problem}</p>
    </div>
  );
}
