import type { identity as english } from '../en/identity.js';

export const identity: Partial<Record<keyof typeof english, string>> = {
  'link.needed':
    'Aún no sé cuál es tu número de teléfono, así que no puedo mostrarte el saldo ni comprar nada. Pide al equipo que te dio este chat que vincule tu número.',
  'phrases.link':
    'vincular|vincular mi número|vincular número|añadir número|agregar número|añadir un número|verificar|verificar mi número|conectar mi número',
  'phrases.lines':
    'mis números|mis numeros|mi número|mis líneas|mis lineas|cambiar de número|cambiar número|cambiar de línea|otro número|qué número|desvincular|desvincular mi número|quitar mi número',
  'phrases.forget':
    'olvídame|olvidame|borra mis datos|borrar mis datos|elimina mis datos|eliminar mis datos|elimina mi cuenta|bórrame',
  'choice.use-this-number': 'Usar este número',
  'choice.send-code': 'Envíame un código',
  'choice.use-pin': 'Usar mi PIN',
  'choice.open-page': 'Usar datos móviles',
  'choice.resend-code': 'Enviarlo otra vez',
  'choice.new-code': 'Pedir otro código',
  'choice.other-number': 'Otro número',
  'choice.use-line': 'Usar este',
  'choice.use-instead': 'Usar {line}',
  'choice.prove-again': 'Confirmar que es mío',
  'choice.rename-line': 'Ponerle nombre',
  'choice.remove-line': 'Quitar este número',
  'choice.remove-other': 'Quitarlo de {channel}',
  'choice.restore-line': 'Usar {line} de nuevo',
  'choice.add-line': 'Añadir un número',
  'choice.my-lines': 'Mis números',
  'choice.forget-me': 'Olvídame',
  'choice.was-me': 'Sí, fui yo',
  'choice.was-not-me': 'No, quítalo',
  'link.intro':
    'Aún no sé cuál es tu número de teléfono. Cuando lo confirmes, podré mostrarte el saldo y comprar por ti.',
  'link.ways': '¿Cómo quieres confirmar tu número?',
  'link.which-number': '¿Cuál es tu número? Escríbelo con el código del país, por ejemplo +502 5512 3456.',
  'link.which-number-shared':
    '¿Cuál es tu número? Usa el botón de abajo, por favor: lo que escribas aquí lo pueden leer otros.',
  'link.form': 'Tu número',
  'link.open-form': 'Indicar mi número',
  'link.field-number': 'Teléfono, con el código del país',
  'link.bad-number':
    'Eso no parece un número de teléfono. Escríbelo con el código del país, por ejemplo +502 5512 3456.',
  'link.code-sent':
    'Si ese número es de los nuestros, ya va un código hacia él por WhatsApp. Vale {minutes, plural, one {{minutes} minuto} other {{minutes} minutos}}.',
  'link.type-code': 'Escribe aquí los 6 dígitos. Nadie de nuestro equipo te los pedirá nunca.',
  'link.type-code-shared': 'Indica los 6 dígitos con el botón de abajo. Nadie de nuestro equipo te los pedirá nunca.',
  'link.open-code-form': 'Indicar el código',
  'link.field-code': 'Los 6 dígitos',
  'link.not-a-code': 'El código tiene {digits} dígitos. Escribe solo esos, por favor.',
  'link.wrong-code':
    'Ese no es el código. {count, plural, one {Te queda {count} intento} other {Te quedan {count} intentos}}.',
  'link.code-over': 'Ese código ya no vale: se usó, caducó o se probó demasiadas veces.',
  'link.too-many':
    'Por ahora ya son bastantes códigos. Prueba otra vez en {minutes, plural, one {{minutes} minuto} other {{minutes} minutos}}.',
  'link.cancelled': 'De acuerdo, no se vinculó nada.',
  'link.not-ours': 'No puedo vincular este número: el operador no lo atiende aquí.',
  'link.own-refused':
    'Este número se dio a otra persona, así que no basta con tenerlo en WhatsApp. Un código enviado al número puede confirmar que es tuyo.',
  'link.page':
    'Abre esta página en el teléfono de ese número, con los datos móviles activados y sin wifi. El enlace vale {minutes, plural, one {{minutes} minuto} other {{minutes} minutos}} y es solo para ti.',
  'link.open-page': 'Confirmar en mi móvil',
  'link.linked': 'Listo: {line} queda vinculado y ahora hablamos de él.',
  'link.young':
    'Otra persona también tiene vinculado este número, así que hasta {until} solo se pueden hacer compras pequeñas. Se lo aviso donde chatea conmigo.',
  'link.young-again':
    'Este número se confirmó aquí hace poco, así que hasta {until} solo se pueden hacer compras pequeñas. Así tu dinero queda protegido.',
  'link.young-unknown':
    'Hasta {until} aquí solo se pueden hacer compras pequeñas. Así queda protegido quien también pueda tener este número.',
  'line.number': '•••• {digits}',
  'line.without-number': 'La línea de mi teléfono',
  'line.labelled': '{label} ({number})',
  'line.is': 'Número',
  'line.proved': 'Confirmado',
  'line.state': 'Estado',
  'line.current': 'Hablamos de este',
  'line.other': 'Vinculado',
  'line.expired': 'Confírmalo de nuevo, por favor',
  'line.ends-soon': 'Este teléfono está confirmado hasta el {until}. Confírmalo de nuevo antes y todo sigue igual.',
  'line.blocked': 'Bloqueado hasta que lo confirmes',
  'line.shared-with': 'También vinculado',
  'line.sharer': '{channel}, desde el {date}',
  'method.whatsapp': 'Por WhatsApp, {date}',
  'method.code': 'Con un código, {date}',
  'method.cpid': 'Desde tu teléfono, {date}',
  'method.directory': 'Por tu empresa, {date}',
  'method.pin': 'Con tu PIN, {date}',
  'lines.heading': 'Mis números',
  'lines.which': '¿De qué número hablamos?',
  'lines.chosen': 'De acuerdo, ahora hablamos de {line}.',
  'lines.which-name': '¿Cómo lo llamo? Por ejemplo, «Mío» u «Oficina».',
  'lines.remove': '¿Quito {line} de este chat? Ya no podré mostrar su saldo ni comprar para él.',
  'lines.removed': '{line} ya no está en este chat.',
  'lines.again': 'Ya puedes volver a usar {line}.',
  'notice.linked': 'Tu número {line} se acaba de vincular a otro chat, en {channel}. ¿Fuiste tú?',
  'notice.thanks': 'Bien, gracias.',
  'notice.removed': 'Quitado. Ese otro chat ya no puede ver ni comprar nada para este número.',
  'notice.gone':
    'Ese vínculo ya no existe, o el tuyo es más reciente. En «Mis números» puedes ver quién tiene tus números.',
  'barred.ended':
    'Este teléfono se confirmó solo por un tiempo y ese plazo terminó, así que no puedo mostrar ni comprar nada para él. {ways, select, none {Pide al equipo que te dio este chat que lo vincule otra vez.} other {Confírmalo otra vez en el teléfono y seguimos.}}',
  'barred.expired':
    'Hace tiempo que confirmaste este número. {ways, select, none {Para volver a comprar, pide al equipo que te dio este chat que lo vincule otra vez.} other {Confirma otra vez que es tuyo y podrás volver a comprar.}}',
  'barred.sim-swap':
    'Se cambió la tarjeta SIM de este número. Para cuidar tu dinero, las compras quedan en pausa{ways, select, none {. Si el número sigue siendo tuyo, pide al equipo que te dio este chat que las reactive.} other { hasta que confirmes que sigue siendo tuyo.}}',
  'barred.number-change':
    'Cambiaste de número, así que solté el anterior. {ways, select, none {Pide al equipo que te dio este chat que vincule el que tienes ahora.} other {Confirma, por favor, el que tienes ahora.}}',
  'barred.recycled':
    'Este número se dio a otra persona, así que lo solté. {ways, select, none {Pide al equipo que te dio este chat que vincule el que tienes ahora.} other {Confirma, por favor, el que tienes ahora.}}',
  'barred.objected':
    'Quien tenía antes este número me pidió que lo quitara de aquí. Si es tuyo, {ways, select, none {habla con el equipo que te dio este chat.} other {confírmalo otra vez, por favor.}}',
  'barred.operator':
    'Las compras están en pausa para este número. {ways, select, none {Pregunta qué hacer al equipo que te dio este chat.} other {Confirma otra vez que es tuyo, por favor.}}',
  'barred.young-none':
    'Este número se vinculó aquí hace poco, así que se podrá comprar a partir de {until}. Así se protege a quien lo tenía antes.',
  'forget.sure':
    '¿Quieres que te olvide? Quitaré tus números, tus ajustes y lo que hemos hablado, y no habrá más avisos. Las compras quedan registradas sin tu nombre, porque hay que rendir cuentas del dinero. No se puede deshacer. Ninguna lista de tu empresa u operador te traerá de vuelta, hasta que confirmes aquí un número por tu cuenta o les pidas que te vuelvan a incluir.',
  'forget.done': 'Listo, ya te estoy olvidando. Si vuelves a escribir, empezamos de cero. ¡Cuídate!',
  'code.message': '{code} es tu código de Refill. Vale 10 minutos. No se lo des a nadie.',
  'cpid.title': 'Confirma este teléfono',
  'cpid.intro': 'Un chat de {channel} pide usar el número de este teléfono: ver su saldo y comprar con su dinero.',
  'cpid.careful':
    'Sigue solo si tú pediste este enlace, en ese chat, hace un momento. Si te lo envió otra persona, cierra esta página.',
  'cpid.go': 'Confirmar este teléfono',
  'cpid.again': 'Intentar de nuevo',
  'cpid.how-title': 'Cómo funciona',
  'cpid.how':
    'Tu operador reconoce este teléfono por sus datos móviles y nos da una marca anónima, que caduca sola. En esta página no vemos tu número.',
  'cpid.cleartext':
    'Al operador se le pregunta sin cifrado, porque es su propia red la que añade por el camino lo que identifica al teléfono. Por eso hacen falta los datos móviles, y por eso esta página puede aparecer como no segura.',
  'cpid.asking-title': 'Preguntando a tu operador',
  'cpid.asking': 'Tarda unos segundos.',
  'cpid.done-title': 'Este teléfono está confirmado',
  'cpid.done': 'Puedes cerrar esta página y volver al chat.',
  'cpid.wifi-title': 'No estás usando datos móviles',
  'cpid.wifi':
    'Tu operador reconoce este teléfono solo en su propia red. Apaga el wifi y cualquier VPN, deja los datos móviles encendidos e inténtalo de nuevo.',
  'cpid.refused-title': 'Tu operador no confirma este teléfono',
  'cpid.refused': 'Elige otra forma en el chat o pregunta a tu operador.',
  'cpid.later-title': 'Ahora mismo no funciona',
  'cpid.later': 'Inténtalo de nuevo en un minuto. El enlace sigue valiendo hasta entonces.',
  'cpid.expired-title': 'Este enlace ha caducado',
  'cpid.expired': 'Los enlaces valen 10 minutos. Pide uno nuevo en el chat.',
  'cpid.used-title': 'Este enlace ya se usó',
  'cpid.used': 'Sirve una sola vez. Si no fuiste tú, abre «Mis números» en el chat.',
  'cpid.no-script': 'Esta página necesita JavaScript. Actívalo o elige otra forma en el chat.',
};
