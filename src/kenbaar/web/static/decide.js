// Deciding by keys: 0 is none of these, a letter is that candidate, Enter answers. A key alone sends nothing.
const form = document.querySelector('[data-compare]');
form.querySelector('[data-keys]').hidden = false;
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  const wanted = event.key === '0' ? 'nobody' : event.key.toUpperCase();
  const choice = [...form.querySelectorAll('input[name="choice"]')].find((one) => one.value === wanted);
  if (choice) {
    event.preventDefault();
    choice.checked = true;
    choice.focus();
  } else if (event.key === 'Enter' && event.target === document.body && form.querySelector(':checked')) {
    form.requestSubmit();
  }
});
